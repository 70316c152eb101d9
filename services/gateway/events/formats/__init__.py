"""Events as shops' systems send them, one file a schema; each is read into UserEvents."""

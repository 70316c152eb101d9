"""All scopes, in the order in which their columns are made.

A scope comes after those it builds on.
"""

from shared.features.scope import Scope
from shared.features.scopes.product import PRODUCT
from shared.features.scopes.query import QUERY
from shared.features.scopes.visitor import VISITOR

SCOPES: tuple[Scope, ...] = (PRODUCT, QUERY, VISITOR)
COLUMNS = tuple(name for scope in SCOPES for name in scope.columns)

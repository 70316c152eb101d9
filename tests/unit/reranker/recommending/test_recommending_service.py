"""Proposals and their order as they are asked for, with a real snapshot and a real feature store."""

from collections.abc import Sequence

import numpy as np
import pytest

from aisle.v1.reranker_pb2 import ProposeRequest, RankProposalsRequest
from services.feedback import visitor_update
from services.reranker.feature_reader import FeatureReader

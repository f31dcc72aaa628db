"""The kit that plugin authors test with: `TestContext`, and `check_node_type` with its `Report`."""

from studio.testing.context import TestContext
from studio.testing.inspection import check_node_type
from studio.testing.report import Check, Report

__all__ = ["Check", "Report", "TestContext", "check_node_type"]

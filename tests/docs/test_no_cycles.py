"""No module imports itself by way of others, imports inside functions included."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("aisle", "bench", "cli", "sample", "services", "shared")


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*PACKAGES, include_external_packages=False)
    imports = {module: graph.find_modules_directly_imported_by(module) - {module} for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))

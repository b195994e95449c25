"""From lazy results to graphs."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.graph import EdgeKind, Graph, NodeRegistry, build_graph
from cascade.spec import CycleError, GraphError, LazyResult, task


@task
def source() -> int:
    return 1


@task
def join(*parts: Any, **named: Any) -> Any:
    return parts, named


def build(target: LazyResult[Any]) -> Graph:
    """The graph of ``target`` from a registry of its own."""
    return build_graph(target, NodeRegistry())


def edges(graph: Graph) -> set[tuple[int, int, EdgeKind]]:
    """The edges as plain tuples."""
    return {(edge.source, edge.target, edge.kind) for edge in graph.edges}


def test_single_call_is_one_node() -> None:
    """A call of nothing but values has one node and no edge."""
    graph = build(join(1, 2))
    assert [str(node) for node in graph.nodes] == ["join"]
    assert graph.edges == ()


def test_target_is_the_last_node_and_comes_after_all_it_needs() -> None:
    """Every edge leads from an earlier position to a later one."""
    graph = build(join(join(source()), source(), key=source()))
    assert str(graph.nodes[-1]) == "join"
    assert len(graph.nodes) == 5
    assert all(edge.source < edge.target for edge in graph.edges)


def test_one_lazy_result_is_one_node_however_often_used() -> None:
    """A call used twice, also within one call's arguments, is made once."""
    shared = source()
    graph = build(join(join(shared), join(shared, shared)))
    assert len(graph.nodes) == 4
    assert edges(graph) == {
        (0, 1, EdgeKind.DATA),
        (0, 2, EdgeKind.DATA),
        (1, 3, EdgeKind.DATA),
        (2, 3, EdgeKind.DATA),
    }


def test_equal_calls_are_separate_nodes() -> None:
    """Two calls written down separately are made separately, be they ever so alike."""
    assert len(build(join(source(), source())).nodes) == 3


def test_different_conditions_make_different_nodes() -> None:
    """One call under two conditions is two nodes."""
    call = source()
    first, second = join("first"), join("second")
    graph = build(join(call.run_if(first), call.run_if(second)))
    assert [str(node) for node in graph.nodes].count("source") == 2
    assert len([edge for edge in graph.edges if edge.kind is EdgeKind.CONDITION]) == 2


def test_every_kind_of_edge() -> None:
    """Arguments, conditions and predecessors each have their kind of edge."""
    graph = build(join(source()).run_if(source()).after(source()))
    assert edges(graph) == {
        (0, 3, EdgeKind.DATA),
        (1, 3, EdgeKind.CONDITION),
        (2, 3, EdgeKind.ORDER),
    }


def test_lazy_results_are_found_in_nested_containers() -> None:
    """Lists, tuples and dict values are searched to any depth."""
    graph = build(join([source(), (1, {"k": [source()]})], deep={"x": (source(),)}))
    assert len(graph.nodes) == 4


def test_containers_of_other_types_are_plain_values() -> None:
    """A subclass of a container, or a set, is handed on unopened."""

    class Rows(list[Any]):
        pass

    assert len(build(join(Rows([source()]), {source()})).nodes) == 1


def test_a_chain_of_any_length_is_built_without_recursion() -> None:
    """A chain far longer than the interpreter's stack."""
    target = source()
    for _ in range(20_000):
        target = join(target)
    assert len(build(target).nodes) == 20_001


def test_deep_and_self_containing_values_are_just_values() -> None:
    """Data without lazy results may be nested to any depth and hold itself."""
    deep: Any = ()
    for _ in range(20_000):
        deep = (deep,)
    loop: list[Any] = []
    loop.append(loop)
    assert len(build(join(deep, loop, source())).nodes) == 2


def test_a_cycle_is_named() -> None:
    """A call that came to depend on itself through a changed list is refused by name."""
    box: list[Any] = []
    inner = join(box)
    outer = source().after(inner)
    box.append(outer)
    with pytest.raises(CycleError) as caught:
        build(join(inner))
    assert caught.value.path == ("join", "source", "join")
    assert "join → source → join" in str(caught.value)


def test_a_container_with_lazy_results_that_holds_itself_is_refused() -> None:
    """Such an argument could not be filled in."""
    loop: list[Any] = [source()]
    loop.append(loop)
    with pytest.raises(GraphError, match="contains itself"):
        build(join(loop))


def test_a_container_with_lazy_results_nested_too_deep_is_refused() -> None:
    """Such an argument is refused with a reason rather than a RecursionError."""
    deep: Any = source()
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(GraphError, match="too deep"):
        build(join(deep))


def test_path_runs_from_the_target_down() -> None:
    """The path to a node names the tasks on a shortest way to it."""
    graph = build(join(join(join(source()))).after(join(source())))
    assert graph.path_to(0) == ("join", "join", "join", "source")
    assert graph.path_to(len(graph.nodes) - 1) == ("join",)

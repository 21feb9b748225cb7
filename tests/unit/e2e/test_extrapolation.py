"""The arithmetic of docs/scaling.md, on figures that can be checked by heart."""

from __future__ import annotations

from tests.e2e.scale import extrapolation
from tests.e2e.scale.calls import Bill
from tests.e2e.scale.field import Cost
from tests.e2e.scale.population import Size
from tests.e2e.scale.simulation import IDLE, QUIET, Phase, Results


def cost(*, requests: int = 0, lists: int = 0, received: int = 0, cpu: float = 0.0) -> Cost:
    return Cost(
        seconds=10.0,
        requests={"watch pods": requests, "list pods": lists},
        received=received,
        sent=0,
        connections=0,
        api_cpu=cpu,
        etcd_cpu=0.0,
        waited=0.0,
        rejected=0.0,
    )


RESULTS = Results(
    size=Size(nodes=10, pods=100, nads=5),
    phases=[
        Phase(IDLE, cost(cpu=0.5)),
        Phase(QUIET, cost(cpu=1.5)),
        Phase("cold start", cost(requests=20, lists=20, received=5_000_000, cpu=2.0)),
        Phase("networks change", cost(received=200_000), events=20),
        Phase("pods come and go", cost(received=600_000), events=600),
        Phase("the API server restarts", cost(lists=20, received=5_000_000)),
    ],
    bills=[Bill("start of a daemon", 0, cost(lists=1)), Bill("one way", 10, cost(lists=40, received=100_000, cpu=1.5))],
)


def rows(table: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {first: rest for first, *rest in cells}


def test_what_grows_with_the_nodes_is_multiplied_and_what_the_server_does_anyway_is_not() -> None:
    found = rows(extrapolation.nodes(RESULTS))

    assert found["start at the same time: requests"] == ["4", "20000"]
    assert found["start at the same time: MB from the server"] == ["0.5", "2500"]
    assert found["start at the same time: CPU s of the server"] == ["0.1", "500"]
    assert found["the API server restarts: lists"] == ["2", "10000"]


def test_a_change_of_a_network_goes_to_all_nodes_and_that_of_a_pod_to_one() -> None:
    found = rows(extrapolation.nodes(RESULTS))

    assert found["a network changes: kB from the server"] == ["1.00", "5000"]
    assert found["an event of a pod: kB from the server"] == ["1.00", "goes to one node only"]


def test_what_grows_with_the_pods_is_told_for_calls_alone() -> None:
    assert rows(extrapolation.pods(RESULTS)) == {"one way": ["4", "400", "1.0", "5.0"]}

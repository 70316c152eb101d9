"""`aisle status`: shows what a running server serves, and the progress of its processes."""

from google.protobuf.json_format import MessageToDict
from rich.table import Table
from rich.text import Text

from aisle.v1.admin_pb2 import GetStatusResponse, Replica, ReplicaState
from cli.client import Client
from cli.options import ADDRESS, Address, Json
from cli.terminal.console import one_line, out, print_json, say

_LEFT_OUT = "left_out."


def status(address: Address = ADDRESS, as_json: Json = False) -> None:
    """Show the snapshot, bundle, engines and processes of a running server."""
    with Client(address) as engine:
        found = engine.status()
    if as_json:
        print_json(
            MessageToDict(found, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        )
        return
    for line in _lines(found):
        say(one_line(line))
    if found.replicas:
        out.print(_processes(found))
    for each in found.replicas:
        if each.status.learning:
            say(one_line(f"learning {each.status.learning}"))


def _lines(found: GetStatusResponse) -> list[str]:
    engines = ", ".join(f"{role} {name}" for role, name in sorted(found.engines.items()))
    lines = [
        f"{found.product_count:,} products, {found.pending_writes:,} writes not shown yet",
        f"snapshot {found.snapshot_version or 'none'}, bundle {found.bundle_version or 'none'}",
        f"engines  {engines or 'none'}",
        f"version  {found.aisle_version}, up for {found.uptime_seconds:,.0f} s",
    ]
    if reasons := _left_out(found):
        lines.append(f"of what shoppers did and saw, not counted: {reasons}")
    return [*lines, f"waits for {found.waiting_for}"] if found.waiting_for else lines


def _left_out(found: GetStatusResponse) -> str:
    """Records by the reason why they change nothing for others, as docs/operations.md explains them."""
    named = {name.removeprefix(_LEFT_OUT): count for name, count in found.counts.items() if _LEFT_OUT in name}
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(named.items()))


def _processes(found: GetStatusResponse) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("process", "address", "state", "behind"):
        table.add_column(title, no_wrap=True)
    for each in found.replicas:
        table.add_row(each.service, Text(one_line(each.address)), _state(each), _behind(each))
    return table


def _state(replica: Replica) -> str:
    word = ReplicaState.Name(replica.state).removeprefix("REPLICA_STATE_").lower().replace("_", " ")
    return f"{word}, left out by this gateway" if replica.ejected else word


def _behind(replica: Replica) -> str:
    if replica.status.behind_seconds:
        return f"{replica.status.behind_seconds:.1f} s"
    return f"{replica.pending_records:,} records" if replica.pending_records else ""

"""What the documents tell somebody to type, and no other test here types: on a stack that runs."""

from pathlib import Path

from tests.e2e.command_line import CommandLine


def test_the_doctor_finds_nothing_missing(tillstream: CommandLine) -> None:
    output, _ = tillstream.run("doctor")

    assert {line.split()[0] for line in output.splitlines()} == {"ok"}


def test_one_service_is_stopped_and_started_alone(tillstream: CommandLine) -> None:
    tillstream.run("stop", "stream")
    told = tillstream.json("status", code=1)
    tillstream.run("up", "--service", "stream")
    logged, _ = tillstream.run("logs", "stream")

    assert [service["name"] for service in told["services"] if service["state"] != "running"] == ["stream"]
    assert {service["state"] for service in tillstream.json("status")["services"]} == {"running"}
    assert logged


def test_an_export_of_another_shop_is_looked_at_before_it_is_sent(tillstream: CommandLine, tmp_path: Path) -> None:
    export = tmp_path / "march.csv"
    export.write_text(
        "Bill No,SKU,Item,Qty,Price,Date,Time\n"
        "1,TS-01,Shirt,2,9500,01/03/2026,10:15\n"
        "1,TS-02,Longyi,x,12000,01/03/2026,10:15\n"
    )
    columns = "order_id=Bill No,product_id=SKU,product_name=Item,quantity=Qty,unit_price=Price,sold_at=Date+Time"
    output, _ = tillstream.run(
        "import", "--dry-run", "--store", "yangon-1", "--date-format", "%d/%m/%Y %H:%M", "--columns", columns, export
    )

    assert "1 lines refused: unparsable_number" in output
    assert "march.csv, line 3: unparsable_number" in output


def test_rejects_of_a_reason_are_sent_again_together(tillstream: CommandLine) -> None:
    """Those that other tests have left here break the contract still."""
    late = tillstream.json("rejects", "list", "--reason", "too_late")
    output, _ = tillstream.run("rejects", "replay", "--reason", "too_late", code=1 if late else 0)

    assert output == f"0 sent, {len(late)} refused again.\n"

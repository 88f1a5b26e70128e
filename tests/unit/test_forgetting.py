"""Which bytes of a record in quarantine go when a customer's address is deleted."""

import json

import pytest

from tillstream.stores.forgetting import without_address

STREET = "5 Bo Aung Kyaw Street"
BURMESE = "ဗိုလ်အောင်ကျော်လမ်း ၅ 🏠"


def record(ascii_only: bool = True, **fields: str) -> bytes:
    return json.dumps({"order_id": "o-1", "address": STREET, "quantity": 0} | fields, ensure_ascii=ascii_only).encode()


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        (record(), b'{"order_id": "o-1", "address": null, "quantity": 0}'),
        (record(order_id="o-2"), b'{"order_id": "o-2", "address": null, "quantity": 0}'),
        (record(address=BURMESE), b'{"order_id": "o-1", "address": null, "quantity": 0}'),
        (record(order_id="o-2", address=BURMESE), b'{"order_id": "o-2", "address": null, "quantity": 0}'),
        (record(False, order_id="o-2", address=BURMESE), b'{"order_id": "o-2", "address": null, "quantity": 0}'),
        (record(address='a "quoted" \\ one'), b'{"order_id": "o-1", "address": null, "quantity": 0}'),
        (b'{"order_id":"o-1","address" : "5 Bo Aung', b'{"order_id":"o-1","address" : null'),
        (b'\xff{"order_id":"o-1","address":"5 B\xfe"}', b'\xff{"order_id":"o-1","address":null}'),
    ],
    ids=lambda value: value.decode(errors="replace")[:60],
)
def test_the_address_goes_and_the_rest_stays(value: bytes, cleaned: bytes) -> None:
    assert without_address(value, ["o-1"], [STREET, BURMESE]) == cleaned


@pytest.mark.parametrize("value", [record(order_id="o-11", address="5 Bo Aung Kyaw Street, Yangon"), b"", b"o-1"])
def test_records_of_others_stay_as_they_are(value: bytes) -> None:
    assert without_address(value, ["o-1"], [STREET]) == value

"""What was stored of a forecast is read back as it was, and can be planned with."""

from datetime import date

from ml.outlook import outlook
from tillstream.forecast_models import Known, Model, documents, model

STORED = Model(
    history={"2025-12": Known(12.0, 10, 0.833)},
    weights={"ses": 0.75, "theta": 0.25},
    expected={"2026-01": 4.5, "2026-02": 10.0},
    sums={0.5: [4.0, 14.0], 0.98: [9.0, 21.5]},
)


def test_a_model_is_read_back_as_it_was_written() -> None:
    assert model(*documents(STORED)) == STORED


def test_a_model_is_stored_as_short_json_with_months_and_levels_as_keys() -> None:
    assert documents(STORED)[0] == '{"2025-12":[12.0,10.0,0.833]}'
    assert documents(STORED)[3] == '{"0.5":[4.0,14.0],"0.98":[9.0,21.5]}'


def test_pieces_are_stored_to_the_thousandth() -> None:
    stored = Model({}, {"ses": 1 / 3}, {"2026-01": 2 / 3}, {0.5: [2 / 3]})

    assert documents(stored)[1:] == ('{"ses":0.333}', '{"2026-01":0.667}', '{"0.5":[0.667]}')


def test_a_stored_model_is_an_outlook_again() -> None:
    found = outlook(STORED, date(2026, 1, 1))

    assert found.months == 2
    assert found.mean(2) == 14.5
    assert found.quantile(2, 0.98) == 21.5


def test_of_the_month_in_progress_only_what_is_left_lies_ahead() -> None:
    found = outlook(STORED, date(2026, 1, 22))  # 10 of 31 days are left

    assert found.mean(10 / 31) == 4.5
    assert found.mean(10 / 31 + 0.5) == 9.5
    assert found.reach == 1 + 10 / 31


def test_a_month_of_which_nothing_is_known_is_read_back() -> None:
    stored = Model({"2026-01": Known(None, 0, 0.0)}, {}, {}, {})

    assert model(*documents(stored)) == stored

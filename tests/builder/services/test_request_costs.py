"""Costs of the requests of a method are read from its syntax tree."""

from __future__ import annotations

import pytest

from builder.services.request_costs import RequestCosts, endpoint_costs, method_texts, snake_name

API = {
    "public": {
        "get": {
            "ticker": 2,
            "tickers": {"cost": 20},
            "book/{market}": {"cost": 2},
            "trades": {"cost": 1, "byLimit": [[9, 2]]},
        },
        "post": ["chart"],
    },
    "v1_2": {"private": {"delete": {"orders/{id}": 0.5}, "get": {"orders": 3, "free": 0}}},
}
BASE = """
class Exchange:

    def load_markets(self):
        return self.fetch_markets()

    def fetch_paginated_call(self, method):
        return getattr(self, method)()

    def edit_order(self, id):
        self.cancel_order(id)
        return self.create_order(id)

    def fetch_leverage(self):
        raise NotSupported(self.id)
"""
CLASS = """
class one(Exchange):

    def fetch_markets(self):
        return self.publicGetTickers()

    def cancel_order(self, id):
        return self.v1_2PrivateDeleteOrdersId({'id': id})

    def create_order(self, id):
        return self.v1_2PrivateGetOrders({'id': id})

    def fetch_ticker(self, market):
"""


def _cost(body: str) -> float | None:
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    return RequestCosts(endpoint_costs(API), method_texts(CLASS + lines), method_texts(BASE)).cost("fetchTicker")


def test_an_endpoint_has_the_cost_of_its_path() -> None:
    assert endpoint_costs(API) == {
        "publicGetTicker": 2,
        "publicGetTickers": 20,
        "publicGetBookMarket": 2,
        "publicGetTrades": None,
        "publicPostChart": None,
        "v1_2PrivateDeleteOrdersId": 0.5,
        "v1_2PrivateGetOrders": 3,
        "v1_2PrivateGetFree": None,
    }
    assert endpoint_costs(None) == {}


@pytest.mark.parametrize(
    ("body", "cost"),
    [
        ("return self.publicGetTicker()", 2),
        ("self.load_markets()\nreturn self.parse(self.publicGetTicker({'a': self.milliseconds()}))", 2),
        ("if a:\n    r = self.publicGetTicker()\nelse:\n    r = self.publicGetBookMarket()\nreturn r", 2),
        ("r = self.publicGetTicker() if a else self.publicGetBookMarket()\nreturn r", 2),
        ("if a:\n    raise self.publicGetTickers()\nreturn self.publicGetTicker()", 2),
        ("if a:\n    return self.fetch_paginated_call('fetchTicker')\nreturn self.publicGetTicker()", 2),
        ("if a:\n    return []\nreturn self.publicGetTicker()", 2),
        ("for a in b:\n    self.safe(a)\nreturn self.publicGetTicker()", 2),
        ("try:\n    r = self.publicGetTicker()\nexcept E:\n    raise\nreturn r", 2),
        ("a = self.publicGetTicker()\nb = self.v1_2PrivateGetOrders()\nreturn a + b", 5),
        ("return self.edit_order(1)", 3.5),
        ("return self.editOrder(1)", 3.5),
    ],
)
def test_a_method_costs_what_all_ways_through_it_cost(body: str, cost: float) -> None:
    assert _cost(body) == cost


@pytest.mark.parametrize(
    "body",
    [
        "if a:\n    r = self.publicGetTicker()\nelse:\n    r = self.publicGetTickers()\nreturn r",
        "r = self.publicGetTicker()\nif a:\n    r = self.publicGetTicker()\nreturn r",
        "for a in b:\n    self.publicGetTicker()",
        "while self.publicGetTicker():\n    pass",
        "for a in self.publicGetTicker():\n    pass\nreturn self.publicGetTickers() if a else self.publicGetTicker()",
        "return getattr(self, method)()",
        "m = getattr(self, method)\nreturn m() or self.publicGetTicker()",
        "return self.request('ticker', ['public'], 'GET')",
        "return self.publicGetTrades()",
        "return self.publicPostChart()",
        "return self.v1_2PrivateGetFree()",
        "return self.publicGetUnheardOf()",
        "return self.fetch_ticker(market)",
        "return self.fetch_leverage()",
        "return []",
    ],
)
def test_a_method_whose_requests_are_not_clear_has_no_cost(body: str) -> None:
    assert _cost(body) is None


def test_the_endpoints_of_a_method_include_those_of_methods_that_it_calls() -> None:
    costs = RequestCosts(endpoint_costs(API), method_texts(CLASS), method_texts(BASE))
    assert costs.cost("editOrder") == 3.5
    assert costs.endpoints("editOrder") == ["v1_2PrivateDeleteOrdersId", "v1_2PrivateGetOrders"]
    assert costs.endpoints("fetchLeverage") == []


@pytest.mark.parametrize(
    ("name", "plain"),
    [("fetchOHLCV", "fetch_ohlcv"), ("fetchL2OrderBook", "fetch_l2_order_book"), ("withdraw", "withdraw")],
)
def test_names_are_written_in_snake_case(name: str, plain: str) -> None:
    assert snake_name(name) == plain

"""Packages of our own making in the file formats that the catalogue of real services reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

_ENTRY: Final[dict[str, Any]] = {
    "mode": "chat",
    "input_cost_per_token": 2e-07,
    "output_cost_per_token": 6e-07,
    "max_input_tokens": 131_072,
    "max_output_tokens": 8_192,
    "supports_vision": True,
    "supports_function_calling": True,
    "supports_tool_choice": True,
    "supports_native_structured_output": True,
    "supports_response_schema": True,
    "supports_prompt_caching": False,
}
PRICES: Final[dict[str, Any]] = {
    "sample_spec": {"mode": "one of: chat, embedding"},
    "groq/llama-3.3-70b-versatile": {**_ENTRY, "litellm_provider": "groq", "deprecation_date": "2026-01-31"},
    "groq/openai/gpt-oss-20b": {**_ENTRY, "litellm_provider": "groq"},
    "novita/openai/gpt-oss-20b": {**_ENTRY, "litellm_provider": "novita", "input_cost_per_token": 0},
    "deepinfra/openai/gpt-oss-20b": {**_ENTRY, "litellm_provider": "deepinfra", "deprecation_date": "2027-01-31"},
    "openai/gpt-closed": {**_ENTRY, "litellm_provider": "openai"},
    "unknown-host/gpt-oss-20b": {**_ENTRY, "litellm_provider": "unknown-host"},
    "nebius/gpt-oss-20b": {
        **_ENTRY,
        "litellm_provider": "nebius",
        "supports_function_calling": None,
        "supports_reasoning": True,
    },
    "bedrock/ap-south-1/openai.gpt-oss-20b": {**_ENTRY, "litellm_provider": "bedrock"},
    "azure/eu/voyage-large": {
        "mode": "embedding",
        "litellm_provider": "azure",
        "input_cost_per_token": 1e-08,
        "max_input_tokens": 32_000,
    },
    "novita/gemma-9-9b": {**_ENTRY, "litellm_provider": "novita"},
    "novita/gemma-9-9b-it": {**_ENTRY, "litellm_provider": "novita", "input_cost_per_token": 3e-07},
    "kyma/gemma-9-9b": {**_ENTRY, "litellm_provider": "kyma"},
    "wandb/gemma-9-9b": {**_ENTRY, "litellm_provider": "wandb"},
    "wandb/gemma-9-9b-it": {**_ENTRY, "litellm_provider": "wandb", "deprecation_date": "2026-01-31"},
    "baseten/gemma-9-9b-it": {**_ENTRY, "litellm_provider": "baseten"},
    "baseten/fast/gemma-9-9b-it": {**_ENTRY, "litellm_provider": "baseten", "input_cost_per_token": 9e-07},
    "gmi/gemma-9-9b": {**_ENTRY, "litellm_provider": "gmi", "input_cost_per_token_above_128k_tokens": 4e-07},
    "sail/gemma-9-9b": {**_ENTRY, "litellm_provider": "sail", "tiered_pricing": [{"range": [0, 1]}]},
    "oci/gemma-9-9b": {**_ENTRY, "litellm_provider": "oci", "max_output_tokens": 131_073},
    "nscale/gemma-9-9b": {
        **_ENTRY,
        "litellm_provider": "nscale",
        "cache_read_input_token_cost": 1e-08,
        "search_context_cost_per_query": {"search_context_size_low": 0.01},
    },
    **{
        f"hyperbolic/{name}": {**_ENTRY, "litellm_provider": "hyperbolic", "input_cost_per_token": price}
        for name, price in (
            ("gemma-9-9b", 1e-07),
            ("llama-9-70b", 1e-07),
            ("qwen9-3b", 1e-07),
            ("gemma-8-8b", 5e-07),
            ("gemma-8-9b", 5e-07),
            ("gemma-8-27b", 5e-07),
        )
    },
    "crusoe/gpt-oss-20b": {**_ENTRY, "litellm_provider": "crusoe", "comment": "The price is an estimate."},
    "tavily/search": {"mode": "search", "litellm_provider": "tavily", "input_cost_per_query": 0.008},
    "serper/search": {
        "mode": "search",
        "litellm_provider": "serper",
        "input_cost_per_query": 0.001,
        "metadata": {"notes": "Estimated from the plan."},
    },
    "tavily/search-deep": {"mode": "search", "litellm_provider": "tavily", "input_cost_per_query": 0.016},
    "deepgram/one": {"mode": "audio_transcription", "litellm_provider": "deepgram", "input_cost_per_second": 0.0001},
    "voyage/two": {
        "mode": "embedding",
        "litellm_provider": "voyage",
        "input_cost_per_token": 1e-07,
        "max_input_tokens": 32_000,
    },
}
"""Entries of a price file."""
_EXCHANGE: Final = '''
from ccxt.base.exchange import Exchange


class alphabit(Exchange):

    def describe(self) -> object:
        return self.deep_extend(super(alphabit, self).describe(), {
            'id': 'alphabit',
            'name': 'Alpha Bit',
            'rateLimit': 50,  # 20 requests per second
            'pro': True,
            'has': {
                'spot': True,
                'fetchOrderBook': True,
                'fetchOHLCV': 'emulated',
                'fetchTrades': False,
                'withdraw': None,
                'swap': True,
                'createOrder': True,
                'createReduceOnlyOrder': True,
                'fetchDepositWithdrawFee': 'emulated',
                'sandbox': True,
            },
            'timeframes': {'1m': '1min', '60m': '60min', '1h': '60min', '1d': '1day', '7d': '7day', '1w': '1week'},
            'requiredCredentials': {'apiKey': False, 'uid': True, 'login': False},
            'options': {'defaultType': 'spot'},
            'fees': {
                'trading': {'maker': self.parse_number('0.001'), 'taker': self.parse_number('0.0025')},
                'contract': {'maker': self.parse_number('0.0002'), 'taker': self.parse_number('0.0006')},
            },
            'features': {'spot': {'fetchOHLCV': {'limit': 500}}},
            'api': {
                'public': {'get': {'book/{symbol}': 2, 'candles': {'cost': 20 / 4}}},
                'v1_2Private': {'post': {'orders': {'cost': 0.5}}},
            },
            'urls': {'api': self.implode_hostname('x')},
        })

    def fetch_order_book(self, symbol):
        if self.markets is None:
            self.load_markets()
        return self.publicGetBookSymbol({'symbol': symbol})

    def fetch_ohlcv(self, symbol, params={}):
        """
        candles
     @param symbol: a line with less indentation
        """
        if self.safe_bool(params, 'paginate'):
            return self.fetch_paginated_call('fetchOHLCV', symbol)
        return self.parse_ohlcvs(self.publicGetCandles(params))

    def create_order(self, symbol):
        return self.send_order({'symbol': symbol})

    def send_order(self, request):
        return self.v1_2PrivatePostOrders(request)

    def sign(self, path):
        raise RuntimeError
'''
_DERIVED: Final = """
from ccxt.alphabit import alphabit


class betabit(alphabit):

    def describe(self):
        return self.deep_extend(super(betabit, self).describe(), {'id': 'betabit', 'name': 'Beta Bit'})
"""
_ROOT: Final = """
class Exchange:

    def load_markets(self):
        return self.fetch_markets()

    def fetch_paginated_call(self, method, symbol):
        return getattr(self, method)(symbol)

    def create_reduce_only_order(self, symbol):
        if self.has['createReduceOnlyOrder'] is None:
            raise NotSupported(self.id)
        return self.create_order(symbol)

    def fetch_deposit_withdraw_fee(self, code):
        raise NotSupported(self.id)
"""
_STREAMS: Final = """
import ccxt.async_support


class alphabit(ccxt.async_support.alphabit):

    def describe(self) -> object:
        return self.deep_extend(super(alphabit, self).describe(), self.describe_data())

    def describe_data(self) -> object:
        return {'has': {'ws': True, 'watchTrades': False}}
"""
_BASE: Final = """
class NotifyBase:
    request_rate_per_sec = 5.5
    body_maxlen = 32768
    attachment_support = False
    template_tokens = {}
    template_args = {"overflow": {"name": "Overflow", "type": "string"}}
"""
_MESSENGER: Final = """
from .base import NotifyBase
from ..locale import gettext_lazy as _


class NotifyPager(NotifyBase):
    service_name = _("Pager")
    request_rate_per_sec = 0.2
    body_maxlen = 160
    attachment_support = True
    default_batch_size = 50
    templates = (
        "{schema}://{token}/{secret}/{user}:{pin}@{target_phone}/{targets}",
        "{schema}://{token}/{secret}/{extra}/{more}/{targets}",
        "{schema}://{token}/{targets}",
    )
    template_tokens = dict(
        NotifyBase.template_tokens,
        **{
            "token": {"name": _("Token"), "type": "string", "required": True},
            "user": {"name": _("User"), "type": "string", "map_to": "pin"},
            "pin": {"name": _("Pin"), "type": "string"},
            "secret": {"name": _("Secret"), "type": "string", "required": True},
            "target_phone": {"name": _("Phone"), "type": "string", "map_to": "targets"},
            "targets": {"name": _("Targets"), "type": "list:string", "required": True},
        },
    )
    template_args = dict(
        NotifyBase.template_args,
        **{
            "sound": {"name": _("Sound"), "type": "string"},
            "batch": {"name": _("Batch Mode"), "type": "bool"},
            "beep": {"alias_of": "sound"},
            "mode": {"name": _("Mode"), "type": "string"},
            "priority": {"name": _("Mode"), "type": "string"},
        },
    )


class NotifyChild(NotifyPager):
    service_name = "Child"
    body_maxlen = 320


class NotifyTopic(NotifyBase):
    service_name = "Topic"
    templates = ("{schema}://{topic}", "{schema}://{host}/{targets}")
    template_tokens = dict(
        NotifyBase.template_tokens,
        **{
            "topic": {"name": _("Topic"), "type": "string", "map_to": "targets"},
            "host": {"name": _("Host"), "type": "string"},
            "targets": {"name": _("Targets"), "type": "list:string", "required": True},
        },
    )


class NotifyPlain(NotifyBase):
    service_name = "Plain"
    request_rate_per_sec = 0
"""


def make_packages(folder: Path) -> None:
    """Write the packages to a folder, as an installer would."""
    files = {
        "litellm/model_prices_and_context_window_backup.json": json.dumps(PRICES),
        "ccxt/alphabit.py": _EXCHANGE,
        "ccxt/betabit.py": _DERIVED,
        "ccxt/base/exchange.py": _ROOT,
        "ccxt/pro/alphabit.py": _STREAMS,
        "ccxt/__init__.py": "raise RuntimeError('the package must not be imported')\n",
        "apprise/plugins/base.py": _BASE,
        "apprise/plugins/pager.py": _MESSENGER,
        **{
            f"{name}-9.9.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n"
            for name in ("apprise", "ccxt", "litellm")
        },
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

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
_EXCHANGE: Final = """
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
            },
            'timeframes': {'1m': '1min', '1h': '60min', '1d': '1day'},
            'requiredCredentials': {'apiKey': True, 'secret': True, 'uid': False},
            'options': {'defaultType': 'spot'},
            'fees': {
                'trading': {'maker': self.parse_number('0.001'), 'taker': self.parse_number('0.0025')},
                'contract': {'maker': self.parse_number('0.0002'), 'taker': self.parse_number('0.0006')},
            },
            'features': {'spot': {'fetchOHLCV': {'limit': 500}}},
            'urls': {'api': self.implode_hostname('x')},
        })

    def sign(self, path):
        raise RuntimeError
"""
_DERIVED: Final = """
from ccxt.alphabit import alphabit


class betabit(alphabit):

    def describe(self):
        return self.deep_extend(super(betabit, self).describe(), {'id': 'betabit', 'name': 'Beta Bit'})
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
    template_tokens = dict(
        NotifyBase.template_tokens,
        **{
            "token": {"name": _("Token"), "type": "string", "required": True},
            "user": {"name": _("User"), "type": "string", "required": True},
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
        },
    )


class NotifyChild(NotifyPager):
    service_name = "Child"
    body_maxlen = 320


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

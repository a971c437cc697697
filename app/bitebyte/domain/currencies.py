"""Currencies by ISO 4217 code, and prices as integers of their minor unit."""

import re
from typing import Final

from bitebyte.domain.limits import PRICE_MINOR_MAX

_EXPONENT_2: Final[str] = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD"
    " HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA"
    " MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN"
    " QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP"
    " TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_EXPONENT_0: Final[str] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_EXPONENT_3: Final[str] = "BHD IQD JOD KWD LYD OMR TND"

EXPONENTS: Final[dict[str, int]] = {
    code: digits
    for codes, digits in ((_EXPONENT_2, 2), (_EXPONENT_0, 0), (_EXPONENT_3, 3))
    for code in codes.split()
}
"""Digits after the point of each currency in use (ISO 4217 list one, without funds, metals and
test codes)."""

_PRICE: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]+))?")


class UnknownCurrency(ValueError):
    """Not an ISO 4217 code of a currency in use."""


class PriceError(ValueError):
    """The text is not a price; the message says what is, to follow the field's name."""


def is_currency(code: str) -> bool:
    """Whether this is the upper-case code of a currency in use."""
    return code in EXPONENTS


def exponent(code: str) -> int:
    """Digits after the point. Raises UnknownCurrency."""
    try:
        return EXPONENTS[code]
    except KeyError:
        raise UnknownCurrency(f"{code!r} is not an ISO 4217 currency code") from None


def parse_price(text: str, currency: str) -> int:
    """`"12.50"` → 1250 for EUR. Raises PriceError, or UnknownCurrency.

    Digits and a point only: no sign, no symbol, no thousands separators; no more digits after the
    point than the currency has; at most PRICE_MINOR_MAX minor units. Nothing is rounded.
    """
    digits = exponent(currency)
    example = "12" if digits == 0 else "12." + "50000"[:digits]
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        raise PriceError(
            f"must be a price such as `{example}`: digits and a point, no sign or symbol"
        )
    whole, fraction = match[1], match[2] or ""
    if len(fraction) > digits:
        raise PriceError(
            f"must have at most {digits} digits after the point in {currency}, such as `{example}`"
        )
    price_minor = int(whole + fraction.ljust(digits, "0"))
    if price_minor > PRICE_MINOR_MAX:
        raise PriceError(f"must be at most {format_price(PRICE_MINOR_MAX, currency)}")
    return price_minor


def format_price(price_minor: int, currency: str) -> str:
    """1250 → `"12.50"` for EUR: what `parse_price` reads back."""
    digits = exponent(currency)
    if digits == 0:
        return str(price_minor)
    text = str(price_minor).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"

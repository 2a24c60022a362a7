"""Which text can be read on a colour, by WCAG 2.1; colours are `#rrggbb`."""


def readable(ground: str, *inks: str) -> str:
    """The ink that has the most contrast with `ground`."""
    return max(inks, key=lambda ink: contrast(ink, ground))


def contrast(first: str, second: str) -> float:
    """WCAG 2.1's contrast ratio, 1 to 21."""
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

"""The synthetic films that the practice model learns from. Each is a function of its number alone."""

from __future__ import annotations

from imaging.phantom import Phantom, make_phantom

FILM_PX = (512, 512)


def is_ill(number: int) -> bool:
    """Every second one has opacities."""
    return number % 2 == 1


def teaching_phantom(number: int) -> Phantom:
    """One to three opacities, or none."""
    return make_phantom(number, FILM_PX, 1 + number // 2 % 3 if is_ill(number) else 0)

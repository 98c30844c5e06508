"""Alters every value of a vector, one at a time, and sees whether that is noticed."""

import string
from functools import partial

from .subjects import check_case, check_frame_of_file

HEX = set(string.digits + "abcdef")


# Values with more digits than this are altered once a byte, unless every digit is
# asked for.
SHORT = 256


def file(subject, content, stride):
    """How many alterations were tried, and where one passed unnoticed."""

    tried, missed = 0, []
    # The cases themselves are altered below; here one is taken away or doubled.
    for place, alter in alterations(content, stride, into_cases=False):
        tried += 1
        note(place, alter, partial(check_frame_of_file, subject, content), missed)
    for number, case in enumerate(content["cases"]):
        # A case holds or fails by itself.
        for place, alter in alterations(case, stride):
            tried += 1
            note(f"case {number}{place}", alter, partial(check_case, subject, case), missed)
    return tried, missed


def note(place, alter, check, missed):
    restore = alter()
    try:
        check()
        missed.append(place)
    except Exception:  # whatever it is: it was noticed
        pass
    finally:
        restore()


def alterations(value, stride, into_cases=True):
    """Each alteration of an object or list: its place, and a function that makes it
    and gives another that takes it back."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, inside in pairs:
        place = f"/{key}"
        for other in others(inside, stride):
            yield place, setting(value, key, inside, other)
        yield place, removing(value, key)
        if isinstance(inside, dict | list) and (into_cases or key != "cases"):
            for below, alter in alterations(inside, stride):
                yield place + below, alter
    if isinstance(value, dict):
        yield "/more", adding(value)


def setting(holder, key, old, new):
    def alter():
        holder[key] = new
        return lambda: holder.__setitem__(key, old)

    return alter


def removing(holder, key):
    def alter():
        before = holder.copy()
        del holder[key]

        def restore():
            holder.clear()
            holder.update(before) if isinstance(holder, dict) else holder.extend(before)

        return restore

    return alter


def adding(holder):
    def alter():
        holder["more"] = 0
        return lambda: holder.pop("more")

    return alter


def others(value, stride):
    """What a value could be altered to."""
    if value is None:
        return [0, "", {}]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        found = {value + 1, value - 1, value ^ 1 << 8, value ^ 1 << 31, 0, -value}
        return [*sorted(found - {value}), str(value), None]
    if isinstance(value, list):
        return [[*value, value[-1] if value else 0], None]
    if isinstance(value, dict):
        return [None, list(value.values())]
    return texts(value, stride)


def texts(value, stride):
    """Other digits or characters, one at a time, and some more or less. Of a long
    value in hexadecimal one digit of each byte, high and low in turn, or of each
    `stride`-th; with a stride of 0 every digit."""
    yield value + "00"
    yield value + " "
    yield value.upper() if value != value.upper() else value.lower() + "x"
    if value:
        yield value[:-1]
        yield value[:-2]
        yield ""
    hexadecimal = set(value) <= HEX and len(value) % 2 == 0
    if hexadecimal and len(value) > SHORT and stride:
        places = [2 * at + at // stride % 2 for at in range(0, len(value) // 2, stride)]
    else:
        places = range(len(value))
    for at in places:
        yield value[:at] + another(value[at], at, hexadecimal) + value[at + 1 :]


def another(character, at, hexadecimal):
    """One bit of a digit turned, another bit at each place; or the next character."""
    if hexadecimal:
        return format(int(character, 16) ^ 1 << at // 4 % 4, "x")
    following = chr(ord(character) + 1)
    return following if following.isprintable() else chr(ord(character) - 1)

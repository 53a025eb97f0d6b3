"""The addresses of databases, in all the spellings that people and providers have for them."""

import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from database_urls import postgresql_url, urls_of_hosts

NORMAL = "postgresql+asyncpg://"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h:6543/d", "postgresql+asyncpg://u:p@h:6543/d"),
        ("postgresql+asyncpg:///d?host=/run/pg", "postgresql+asyncpg:///d?host=%2Frun%2Fpg"),
        (
            "postgres://u:p%40%2F@h/d?sslmode=require",
            "postgresql+asyncpg://u:p%40%2F@h/d?sslmode=require",
        ),
        ("postgres://u:p,q@h/d", "postgresql+asyncpg://u:p%2Cq@h/d"),
        (
            "postgresql://u:p@%2Ftmp%2Fsock:5439/app",
            f"{NORMAL}u:p@/app?host=%2Ftmp%2Fsock&port=5439",
        ),
        ("postgresql:///d?user=u&password=p%40q", f"{NORMAL}u:p%40q@/d"),
        ("postgresql://h/?dbname=d&user=u", f"{NORMAL}u@h/d"),
        ("postgresql://h?port=6000", f"{NORMAL}h:6000"),
        ("postgresql://h/d?user=susan@example.com", f"{NORMAL}susan%40example.com@h/d"),
        ("postgresql://[2001:db8::1]:6000/d", f"{NORMAL}[2001:db8::1]:6000/d"),
        ("postgresql:///d", f"{NORMAL}/d"),
        ("postgresql://", f"{NORMAL}"),
        # As Neon, Supabase, Heroku, Amazon, DigitalOcean, Aiven and Render hand them out.
        (
            "postgresql://u:p@ep-cool-1.eu-central-1.aws.neon.tech/neondb"
            "?sslmode=require&channel_binding=require",
            f"{NORMAL}u:p@ep-cool-1.eu-central-1.aws.neon.tech/neondb?sslmode=verify-full",
        ),
        (
            "postgresql://u:p@h/d?options=endpoint%3Dep-1",
            f"{NORMAL}u:p@h/d?options=endpoint%3Dep-1",
        ),
        (
            "postgresql://postgres.ref:p@aws-0-eu.pooler.supabase.com:6543/postgres",
            f"{NORMAL}postgres.ref:p@aws-0-eu.pooler.supabase.com:6543/postgres",
        ),
        (
            "postgres://u:p@ec2-1.compute.amazonaws.com:5432/d",
            f"{NORMAL}u:p@ec2-1.compute.amazonaws.com:5432/d",
        ),
        (
            "postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=/etc/rds/global-bundle.pem",
            f"{NORMAL}u:p@h/d?sslmode=verify-full&sslrootcert=%2Fetc%2Frds%2Fglobal-bundle.pem",
        ),
        (
            "postgresql://doadmin:p@h:25060/defaultdb?sslmode=require",
            f"{NORMAL}doadmin:p@h:25060/defaultdb?sslmode=require",
        ),
        (
            "postgres://u:p@h/d?sslrootcert=system",
            f"{NORMAL}u:p@h/d?sslmode=verify-full&sslrootcert=system",
        ),
        (
            "postgres://h/d?connect_timeout=10&application_name=blog&target_session_attrs=any",
            f"{NORMAL}h/d?application_name=blog&connect_timeout=10&target_session_attrs=any",
        ),
        (
            "postgres://h/d?keepalives=1&keepalives_idle=30&tcp_user_timeout=1000&gssencmode=prefer"
            "&client_encoding=UTF8&fallback_application_name=x&sslcompression=0&channel_binding=prefer",
            f"{NORMAL}h/d",
        ),
    ],
)
def test_the_spellings_of_a_database_address(written: str, meant: str) -> None:
    assert postgresql_url(written) == meant
    assert postgresql_url(meant) == meant
    assert urls_of_hosts(meant) == [meant]


@pytest.mark.parametrize(
    ("written", "hosts", "ports", "role"),
    [
        ("postgresql://u:p@h1:1,h2:2/d", ["h1", "h2"], [1, 2], "read-write"),
        ("postgresql://h1,h2:2/d", ["h1", "h2"], [5432, 2], "read-write"),
        ("postgresql:///d?host=h1:1&host=h2:2", ["h1", "h2"], [1, 2], "read-write"),
        ("postgresql:///d?host=/a,/b&port=6000", ["/a", "/b"], [6000, 6000], "read-write"),
        ("postgresql://[::1]:5,[fe80::1]/d", ["::1", "fe80::1"], [5, 5432], "read-write"),
        ("postgresql://%2Fa:7,h2:8/d", ["/a", "h2"], [7, 8], "read-write"),
        ("postgresql://h1,h2/d?target_session_attrs=any", ["h1", "h2"], [5432, 5432], "any"),
    ],
)
def test_the_spellings_of_several_hosts(
    written: str, hosts: list[str], ports: list[int], role: str
) -> None:
    meant = postgresql_url(written)
    assert postgresql_url(meant) == meant
    taken = dialect().create_connect_args(make_url(meant))[1]
    assert (taken["host"], taken["port"]) == (hosts, ports)
    assert taken["target_session_attrs"] == role
    singles = [dialect().create_connect_args(make_url(url))[1] for url in urls_of_hosts(meant)]
    assert [(each["host"], int(each["port"])) for each in singles] == list(
        zip(hosts, ports, strict=True)
    )
    assert all("target_session_attrs" not in each for each in singles)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("sqlite:///blog.db", "must start with postgresql://, not sqlite://"),
        ("nonsense", "is not a URL"),
        ("postgresql://u:p@h:sekrit/d", "an invalid host"),
        ("postgresql://u:p@h:70000/d", "between 1 and 65535"),
        ("postgresql://u:p@h/d?pasword=sekrit&x=1", "unsupported parameters: pasword, x"),
        ("postgresql://u:sekrit@h1,h2:x/d", "an invalid host"),
        ("postgresql://u:sekrit@h1,,h2/d", "an invalid host"),
        ("postgresql://u:sekrit@h1,h2:70000/d", "between 1 and 65535"),
        ("postgresql://u:sekrit@h1:1,h2/d?port=2", "both after the hosts and in port="),
        ("postgresql:///d?host=h1,h2,h3&port=1,2", "3 hosts and 2 ports"),
        ("postgresql:///d?host=h1,,h2", "an invalid host"),
        ("postgresql://h1/d?host=h2", "both before the path and in host="),
        ("postgresql://u:sek/rit@h/d", "In a password, write / as %2F"),
        ("postgresql://u:sekrit@h/d?sslmode=on", "it can be disable or allow or prefer"),
        ("postgresql://h/d?sslmode=require&sslmode=disable", "has sslmode twice"),
        ("postgresql://h/d?ssl=require&sslmode=disable", "has sslmode twice"),
        ("postgresql://h/d?connect_timeout=soon", "an unsupported value of connect_timeout"),
        ("postgresql://h/d?channel_binding=on", "it can be disable or prefer or require"),
        ("postgresql://h/d?sslmode=prefer&sslrootcert=system", "requires sslmode=verify-full"),
        ("postgresql://h/d?client_encoding=latin1", "an unsupported value of client_encoding"),
        ("postgresql://h/d?service=blog", "unsupported parameters: service"),
        ("postgresql://h/d?hostaddr=10.0.0.1", "unsupported parameters: hostaddr"),
        ("postgresql://h/d?gssencmode=require", "it can be disable or prefer"),
        (
            "postgresql://h1,h2/d?target_session_attrs=standby",
            "it can be read-write or primary or any",
        ),
    ],
)
def test_a_wrong_database_address_is_refused_without_being_repeated(
    written: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        postgresql_url(written)
    assert "sekrit" not in str(caught.value)

"""The real servers that other tests stand on."""

import psycopg
import pytest
import redis

from tests import services


@pytest.mark.broker
def test_postgres_has_the_extensions_that_search_needs():
    with services.postgres() as url:
        folder, database = url.removeprefix("postgres://ridgeline@/").rsplit("/", 1)
        with psycopg.connect(
            host=folder, user="ridgeline", dbname=database, autocommit=True
        ) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
            connection.execute("CREATE EXTENSION btree_gin")
            assert connection.execute("SELECT similarity('ridge', 'ridge')").fetchone() == (1.0,)


@pytest.mark.broker
def test_valkey_answers():
    with services.valkey() as url, redis.Redis.from_url(url) as valkey:
        assert valkey.ping()


def test_an_address_outside_is_refused():
    import socket

    with (
        socket.socket() as probe,
        pytest.raises(AssertionError, match="tests stay on loopback"),
    ):
        probe.connect(("192.0.2.1", 80))

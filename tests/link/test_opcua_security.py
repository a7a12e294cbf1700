"""Who may talk to a plant, and whom a notebook talks to."""

import asyncio
import contextlib
import stat
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, Server, ua
from asyncua.crypto.security_policies import (
    SecurityPolicy,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from millwright_labs import link
from millwright_labs.errors import LinkError, TrustError
from millwright_labs.link.certificates import Keys
from served import Served


def test_whoever_shares_the_folder_just_connects(plant: Served) -> None:
    with link.connect(plant.address, keys=plant.keys.folder) as here:
        assert here.described.made == link.Made("furnace_zone", 4)
        assert here.recording.table.index[0] > 0.0  # from now on, not from the start


def test_two_computers_exchange_their_certificates(plant: Served, tmp_path: Path) -> None:
    laptop, password = Keys(tmp_path), plant.keys.password
    with pytest.raises(TrustError, match=r"fingerprint is [0-9A-F:]{95}\. Get server\.der"):
        link.connect(plant.address, password=password, keys=tmp_path)
    laptop.trust(plant.keys.certificate("server"))
    with pytest.raises(TrustError, match="does not trust our certificate"):
        link.connect(plant.address, password=password, keys=tmp_path)
    plant.keys.trust(laptop.certificate("client"))
    link.connect(plant.address, password=password, keys=tmp_path).close()


def test_a_certificate_can_be_named_instead(plant: Served, tmp_path: Path) -> None:
    plant.keys.trust(Keys(tmp_path).certificate("client"))
    given: dict[str, Any] = {"password": plant.keys.password, "keys": tmp_path}
    link.connect(plant.address, certificate=plant.keys.certificate("server"), **given).close()
    with pytest.raises(TrustError, match="not trusted here"):
        link.connect(plant.address, certificate=Keys(tmp_path).certificate("client"), **given)


@pytest.mark.parametrize(
    "given",
    [{"password": "guess"}, {"user": "teacher"}, {"user": "", "password": ""}, {"user": "admin"}],
)
def test_a_wrong_user_or_password_is_refused(plant: Served, given: dict) -> None:
    with pytest.raises(TrustError, match="refuses the user"):
        link.connect(plant.address, keys=plant.keys.folder, **given)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("opc.tcp://127.0.0.1:9/millwright", "No plant answers"),
        ("opc.tcp://nowhere.invalid:4840/millwright", "No plant answers"),
        ("millwright", "No plant answers"),
        ("mqtt://127.0.0.1:9/furnace_zone", "No MQTT broker answers"),
    ],
)
def test_an_address_where_nobody_answers(plant: Served, address: str, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        link.connect(address, keys=plant.keys.folder)


def test_another_opc_ua_server_is_told_from_a_plant(tmp_path: Path) -> None:
    keys = Keys(tmp_path)

    async def serve_and_try(policies: list[ua.SecurityPolicyType]) -> str:
        server = Server()
        await server.init()
        await server.set_application_uri(keys.uri("server"))
        server.set_endpoint("opc.tcp://127.0.0.1:0/other")
        server.set_security_policy(policies)
        await server.load_certificate(keys.certificate("server"))
        await server.load_private_key(keys.key("server"))
        async with server:
            assert server.bserver
            address = f"opc.tcp://127.0.0.1:{server.bserver.port}/other"
            with pytest.raises(LinkError) as caught:
                await asyncio.to_thread(link.connect, address, keys=tmp_path)
        return str(caught.value)

    plain, encrypted = (
        ua.SecurityPolicyType.NoSecurity,
        ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    )
    assert "no Millwright station" in asyncio.run(serve_and_try([plain, encrypted]))
    assert "no encrypted connection" in asyncio.run(serve_and_try([plain]))


async def secured(
    plant: Served, keys: Keys, policy: type[SecurityPolicy] = SecurityPolicyBasic256Sha256
) -> Client:
    client = Client(plant.address)
    client.application_uri = keys.uri("client")
    await client.set_security(
        policy,
        keys.certificate("client"),
        keys.key("client"),
        server_certificate=str(plant.keys.certificate("server")),
    )
    return client


@pytest.mark.parametrize("policy", [SecurityPolicyBasic256Sha256, SecurityPolicyAes256Sha256RsaPss])
def test_who_has_all_three_comes_in(plant: Served, policy: type[SecurityPolicy]) -> None:
    async def come_in() -> list[str]:
        client = await secured(plant, plant.keys, policy)
        client.set_user("learner")
        client.set_password(plant.keys.password)
        async with client:
            return await client.get_namespace_array()

    assert "urn:millwright:plant" in asyncio.run(come_in())


async def by_password_in_the_clear(plant: Served, stranger: Keys) -> None:
    client = Client(plant.address)
    client.set_user("learner")
    client.set_password(plant.keys.password)
    await client.connect()


async def without_user(plant: Served, stranger: Keys) -> None:
    await (await secured(plant, plant.keys)).connect()


async def by_a_strangers_certificate(plant: Served, stranger: Keys) -> None:
    client = await secured(plant, stranger)
    client.set_user("learner")
    client.set_password(plant.keys.password)
    await client.connect()


async def naming_a_trusted_certificate_over_a_strangers_channel(
    plant: Served, stranger: Keys
) -> None:
    client = await secured(plant, stranger)
    client.set_user("learner")
    client.set_password(plant.keys.password)
    create = client.uaclient.create_session

    async def lie(params: Any) -> Any:
        params.ClientCertificate = plant.keys.certificate("client").read_bytes()
        return await create(params)

    client.uaclient.create_session = lie  # type: ignore[method-assign]
    await client.connect()


async def before_login(plant: Served, stranger: Keys, client: Client | None = None) -> None:
    client = client or Client(plant.address)
    await client.connect_sessionless()
    try:
        with contextlib.suppress(ua.UaError):
            await client.create_session()
        await client.get_namespace_array()
    finally:
        client.disconnect_socket()


async def before_login_over_a_secure_channel(plant: Served, stranger: Keys) -> None:
    await before_login(plant, stranger, await secured(plant, stranger))


@pytest.mark.parametrize(
    "attempt",
    [
        by_password_in_the_clear,
        without_user,
        by_a_strangers_certificate,
        naming_a_trusted_certificate_over_a_strangers_channel,
        before_login,
        before_login_over_a_secure_channel,
    ],
)
def test_nobody_comes_in(plant: Served, tmp_path: Path, attempt: Any) -> None:
    with pytest.raises((ua.UaError, OSError, asyncio.TimeoutError)):
        asyncio.run(attempt(plant, Keys(tmp_path)))


def test_keys_and_password_are_their_owners_alone(plant: Served) -> None:
    folder = plant.keys.folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("server-key.pem", "client-key.pem", "password"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_keys_stay_as_they_are(tmp_path: Path) -> None:
    first = Keys(tmp_path)
    kept = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    password = first.password
    second = Keys(tmp_path)
    assert second.password == password
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert password not in {Keys(tmp_path / "other").password, ""}


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nx"])
def test_what_is_no_certificate_is_not_trusted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.der").write_bytes(content)
    keys = Keys(tmp_path / "keys")
    with pytest.raises(TrustError, match="no certificate"):
        keys.trust(tmp_path / "file.der")
    (keys.trusted / "junk.der").write_bytes(content)
    assert not keys.trusts(content, "client")
    assert keys.trusts(keys.certificate("client").read_bytes(), "client")
    assert not keys.trusts(keys.certificate("client").read_bytes(), "server")

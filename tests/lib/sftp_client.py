"""One SFTP session in the order in which known clients do things, with paramiko or asyncssh.

usage: sftp_client.py PORT USER KEY [MODE FILE NAME]

FILE is sent as NAME into /orders/incoming (modes of UPLOADS), or NAME is fetched from the root to FILE (DOWNLOADS).
Without the last three they are lines of standard input, with tabs; each is a session of its own in one connection, and
is answered by what it had to say and a last line "exit CODE".
The orders of operation are from the clients' sources (WinSCP, sshj, Cyberduck, FileZilla, phpseclib, ssh2, JSch).
"""
import asyncio
import os
import socket
import stat
import struct
import sys

DIRECTORY = "/orders/incoming/"
TIME = 1767348915  # what "preserve time" sets


def write(sftp, path, data, mode="w", piece=32768, at=0, pipelined=True):
    """Opens, writes and closes; in mode "r+" nothing is truncated."""
    with sftp.open(path, mode) as f:
        f.set_pipelined(pipelined)
        f.seek(at)
        for i in range(0, len(data), piece):
            f.write(data[i : i + piece])


def check_size(sftp, path, data):
    size = sftp.stat(path).st_size
    print("size", size)
    assert size == len(data), (size, len(data))


# -- paramiko itself --


def put(sftp, path, data):
    print(sftp.put(sftp.local_file, path))


def put_unconfirmed(sftp, path, data):
    sftp.put(sftp.local_file, path, confirm=False)


def append(sftp, path, data):
    write(sftp, path, data[:1000])
    write(sftp, path, data[1000:], "a")
    check_size(sftp, path, data)


def small(sftp, path, data):
    write(sftp, path, data, piece=10)
    check_size(sftp, path, data)


def backwards(sftp, path, data):
    """The second half first, as clients with several requests under way may."""
    half = len(data) // 2
    with sftp.open(path, "w") as f:
        f.seek(half)
        f.write(data[half:])
        f.flush()
        f.seek(0)
        f.write(data[:half])
    check_size(sftp, path, data)


def exclusive(sftp, path, data):
    write(sftp, path, data, "wx")
    try:
        write(sftp, path, data, "wx")
    except OSError as e:
        print(e)
    else:
        raise AssertionError("created again")


def truncated(sftp, path, data):
    """Longer at first, and cut to its length at the end."""
    with sftp.open(path, "w") as f:
        f.write(data + b"x" * 1000)
        f.flush()
        f.truncate(len(data))
    check_size(sftp, path, data)


def posix_rename(sftp, path, data):
    write(sftp, path + ".part", data)
    sftp.posix_rename(path + ".part", path)
    check_size(sftp, path, data)


def read_back(sftp, path, data):
    write(sftp, path, data)
    with sftp.open(path) as f:
        assert f.read() == data


def listed(sftp, path, data):
    write(sftp, path, data)
    entry = [e for e in sftp.listdir_attr(DIRECTORY) if DIRECTORY + e.filename == path]
    assert len(entry) == 1 and entry[0].st_size == len(data), entry


def replaced(sftp, path, data):
    """Delete, then rename: for servers whose rename does not replace."""
    write(sftp, path, b"<order")
    write(sftp, path + ".new", data)
    sftp.remove(path)
    sftp.rename(path + ".new", path)
    check_size(sftp, path, data)


# -- others, by their order of operation --


def winscp_small(sftp, path, data):
    """Up to 100 KB: no temporary name; the time is set right behind CLOSE, without waiting for its answer."""
    f = sftp.open(path, "w")
    f.set_pipelined(True)
    f.write(data)
    f.flush()
    f._close(async_=True)
    sftp.utime(path, (TIME, TIME))


def winscp_large(sftp, path, data):
    write(sftp, path + ".filepart", data)
    if exists(sftp, path):
        sftp.remove(path)
    sftp.rename(path + ".filepart", path)
    sftp.utime(path, (TIME, TIME))


def winscp_over(sftp, path, data):
    write(sftp, path, data[: len(data) // 2])
    winscp_large(sftp, path, data)


def winscp_resume(sftp, path, data):
    half = len(data) // 2
    write(sftp, path + ".filepart", data[:half])
    assert sftp.stat(path + ".filepart").st_size == half
    write(sftp, path + ".filepart", data[half:], "r+", at=half)
    sftp.rename(path + ".filepart", path)
    sftp.utime(path, (TIME, TIME))


def sshj(sftp, path, data):
    write(sftp, path, data)
    sftp.chmod(path, 0o644)
    sftp.utime(path, (TIME, TIME))


def cyberduck(sftp, path, data):
    write(sftp, path, data)
    sftp.chmod(path, 0o644)
    sftp.utime(path, (TIME, TIME))
    check_size(sftp, path, data)


def cyberduck_temporary(sftp, path, data):
    temporary = path[: -len(".xml")] + ".xml-3f2504e0"
    write(sftp, temporary, data)
    sftp.chmod(temporary, 0o644)
    sftp.utime(temporary, (TIME, TIME))
    if exists(sftp, path):
        sftp.remove(path)
    sftp.rename(temporary, path)
    check_size(sftp, path, data)


def filezilla(sftp, path, data):
    write(sftp, path, data, pipelined=True)
    sftp.utime(path, (TIME, TIME))
    sftp.listdir_attr(DIRECTORY)


def phpseclib(sftp, path, data):
    write(sftp, path, data, piece=4096)
    sftp.utime(path, (TIME, TIME))
    sftp.stat(path)


def ssh2(sftp, path, data):
    """The mode is set before the first byte."""
    with sftp.open(path, "w") as f:
        f.chmod(0o666)
        f.write(data)


def jsch(sftp, path, data):
    """Looks whether the target is a directory first."""
    assert not exists(sftp, path)
    write(sftp, path, data)


def mc(sftp, path, data):
    write(sftp, path, data, "wx")
    here = sftp.stat(path)
    sftp.chown(path, here.st_uid, here.st_gid)
    sftp.chmod(path, 0o644)
    sftp.utime(path, (TIME, TIME))


def flag(sftp, path, data):
    write(sftp, path, data)
    write(sftp, path + ".ok", b"")


def two_at_once(sftp, path, data):
    """The same file by two handles in turns."""
    half = len(data) // 2
    with sftp.open(path, "w") as first, sftp.open(path, "w") as second:
        first.write(data[:half])
        second.write(data[:half])
        first.flush()
        second.flush()
        first.write(data[half:])
        first.flush()
        second.write(data[half:])


def exists(sftp, path):
    try:
        return stat.S_ISREG(sftp.stat(path).st_mode)
    except FileNotFoundError:
        return False


# -- broken off in the middle --


def half_written(sftp, path, data):
    f = sftp.open(path, "w")
    f.write(data[: len(data) // 2])
    f.flush()
    return f


def killed(sftp, path, data):
    half_written(sftp, path, data)
    print("ends without a word", flush=True)
    os._exit(0)


def reset(sftp, path, data):
    half_written(sftp, path, data)
    sock = sftp.get_channel().get_transport().sock
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    print("connection reset", flush=True)
    os._exit(0)


def resume(sftp, path, data):
    size = sftp.stat(path).st_size
    assert 0 < size < len(data), size
    write(sftp, path, data[size:], "a")
    check_size(sftp, path, data)


# -- downloads --


def get(sftp, to, name):
    sftp.get("/" + name, to)


def get_unprefetched(sftp, to, name):
    with sftp.open("/" + name) as f, open(to, "wb") as out:
        while piece := f.read(20000):
            out.write(piece)
        assert out.tell() == f.stat().st_size


# -- asyncssh --


async def with_asyncssh(port, user, key, mode, path, name):
    import asyncssh

    async with asyncssh.connect("127.0.0.1", int(port), username=user, client_keys=[key], known_hosts=None) as c:
        async with c.start_sftp_client() as sftp:
            if mode == "asyncssh_get":
                await sftp.get("/" + name, path)
            else:
                await sftp.put(path, DIRECTORY + name, preserve=mode == "asyncssh_preserve")


UPLOADS = {
    "put": put, "put_unconfirmed": put_unconfirmed, "append": append, "small": small, "backwards": backwards,
    "exclusive": exclusive, "truncated": truncated, "posix_rename": posix_rename, "read_back": read_back,
    "listed": listed, "replaced": replaced, "winscp_small": winscp_small, "winscp_large": winscp_large,
    "winscp_over": winscp_over, "winscp_resume": winscp_resume, "sshj": sshj, "cyberduck": cyberduck,
    "cyberduck_temporary": cyberduck_temporary, "filezilla": filezilla, "phpseclib": phpseclib, "ssh2": ssh2,
    "jsch": jsch, "mc": mc, "flag": flag, "two_at_once": two_at_once, "killed": killed, "reset": reset,
    "resume": resume,
}
DOWNLOADS = {"get": get, "get_unprefetched": get_unprefetched}


def session(client, mode, path, name):
    with client.open_sftp() as sftp:
        sftp.local_file = path
        if mode in UPLOADS:
            with open(path, "rb") as source:
                UPLOADS[mode](sftp, DIRECTORY + name, source.read())
        else:
            DOWNLOADS[mode](sftp, path, name)


def sessions(client):
    for line in sys.stdin:
        code = 0
        try:
            session(client, *line.rstrip("\n").split("\t"))
        except Exception as e:
            print(type(e).__name__, e)
            code = 1
        print("exit", code, flush=True)


def main():
    port, user, key = sys.argv[1:4]
    if sys.argv[4:] and sys.argv[4].startswith("asyncssh"):
        asyncio.run(with_asyncssh(*sys.argv[1:]))
        return
    import paramiko

    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", int(port), user, key_filename=key, allow_agent=False, look_for_keys=False)
    with client:
        if sys.argv[4:]:
            session(client, *sys.argv[4:])
        else:
            sessions(client)


main()

"""One FTP session in the ways web shops write them, with Python's ftplib.

usage: ftp_client.py PORT USER PASSWORD MODE FILE NAME [INCOMING]

FILE is sent as NAME into orders/incoming (modes of UPLOADS), or NAME is fetched from the root to FILE (DOWNLOADS).
INCOMING is that directory by its path: uploads that break off look there for what has arrived.
"""
import ftplib
import glob
import io
import os
import re
import select
import socket
import struct
import sys
import time


def connect(port, user, password):
    f = ftplib.FTP()
    f.connect("127.0.0.1", int(port), 20)
    f.login(user, password)
    return f


def check_there(f, name, data):
    f.voidcmd("TYPE I")
    print(f.sendcmd("SIZE " + name))
    assert f.size(name) == len(data), (f.size(name), len(data))
    assert name in f.nlst(), f.nlst()


def stor(f, name, data):
    f.storbinary("STOR " + name, io.BytesIO(data))
    check_there(f, name, data)


def small(f, name, data):
    f.storbinary("STOR " + name, io.BytesIO(data), blocksize=7)
    check_there(f, name, data)


def ascii_mode(f, name, data):
    print(f.storlines("STOR " + name, io.BytesIO(data)))
    assert name in f.nlst()


def appe(f, name, data):
    f.storbinary("STOR " + name, io.BytesIO(data[:1000]))
    f.storbinary("APPE " + name, io.BytesIO(data[1000:]))
    check_there(f, name, data)


def rest(f, name, data):
    f.storbinary("STOR " + name, io.BytesIO(data[:1000]))
    resume(f, name, data)


def resume(f, name, data):
    f.voidcmd("TYPE I")
    size = f.size(name)
    assert 0 < size < len(data), size
    f.storbinary("STOR " + name, io.BytesIO(data[size:]), rest=size)
    check_there(f, name, data)


def resume_appe(f, name, data):
    f.voidcmd("TYPE I")
    size = f.size(name)
    assert 0 < size < len(data), size
    f.storbinary("APPE " + name, io.BytesIO(data[size:]))
    check_there(f, name, data)


def noise(f, name, data):
    f.storbinary("STOR " + name, io.BytesIO(b"x" * 5000))
    f.storbinary("STOR " + name, io.BytesIO(data))
    check_there(f, name, data)


def again(f, name, data):
    f.storbinary("STOR " + name, io.BytesIO(data))
    f.storbinary("STOR " + name, io.BytesIO(data))
    check_there(f, name, data)


def mdtm(f, name, data):
    stor(f, name, data)
    told = f.sendcmd("MDTM " + name)
    assert re.fullmatch(r"213 \d{14}", told), told
    try:
        f.sendcmd("MFMT 20260301101500 " + name)
    except ftplib.error_perm:
        pass  # vsftpd has another word for it
    check_there(f, name, data)


def listing(f, name, data):
    stor(f, name, data)
    lines = []
    f.retrlines("LIST", lines.append)
    mine = [line for line in lines if line.endswith(" " + name)]
    assert len(mine) == 1 and str(len(data)) in mine[0].split(), lines


def chmod(f, name, data):
    stor(f, name, data)
    f.sendcmd("SITE CHMOD 640 " + name)
    f.sendcmd("SITE CHMOD 644 " + name)


def rename(f, name, data):
    f.storbinary("STOR " + name + ".tmp", io.BytesIO(data))
    f.rename(name + ".tmp", name)
    check_there(f, name, data)


def rename_xml(f, name, data):
    f.storbinary("STOR tmp_" + name, io.BytesIO(data))
    f.rename("tmp_" + name, name)
    check_there(f, name, data)


def flag(f, name, data):
    """A second file of 0 bytes says that the first is whole."""
    stor(f, name, data)
    f.storbinary("STOR " + name + ".ok", io.BytesIO(b""))


def directory(f, name, data):
    f.mkd("new-" + name[:-4])
    f.cwd("new-" + name[:-4])
    stor(f, name, data)


def allo(f, name, data):
    try:
        f.sendcmd("ALLO %d" % len(data))
    except ftplib.error_perm:
        pass
    stor(f, name, data)


def begin(f, name):
    """STOR is sent; the data connection is open, the reply not read."""
    host, port = ftplib.parse227(f.sendcmd("PASV"))
    conn = socket.create_connection((host, port), 20)
    f.putcmd("STOR " + name)
    return conn


def must_wait(f):
    """vsftpd lets a second writer wait for the first one's end; the others say at once whether they take the data."""
    return not select.select([f.sock], [], [], 0.5 if "vsFTPd" in f.getwelcome() else 60)[0]


def send(f, conn, data):
    f.getresp()
    conn.sendall(data)
    conn.close()
    f.voidresp()


def second_session():
    f = connect(*sys.argv[1:4])
    f.cwd("orders/incoming")
    f.voidcmd("TYPE I")
    return f


def reconnect(f, name, data):
    """The line is dead in the middle; the client starts anew while the server still holds the old session."""
    old = half_sent(f, name, data)
    other = second_session()
    new = begin(other, name)
    if must_wait(other):
        reset(old)
        send(other, new, data)
        print("the new one waited for the old one's end")
    else:
        send(other, new, data)
        print("the new one did not wait")
        reset(old)
    f.sock.close()


def at_once(f, name, data):
    """Two sessions send the same file under the same name, in turns."""
    in_turns(f, name, data, data)


def two_orders(f, name, data):
    """Two sessions send different orders under the same name, in turns."""
    number = name[: -len(".xml")].encode()
    in_turns(f, name, data, data.replace(number, number + b"-second"))


def in_turns(f, name, data, other_data):
    f.voidcmd("TYPE I")
    half = len(data) // 2
    first = f.transfercmd("STOR " + name)
    first.sendall(data[:half])
    other = second_session()
    second = begin(other, name)
    waits = must_wait(other)
    if not waits:
        try:
            other.getresp()
        except ftplib.error_perm as e:
            print(e)
            other = None
        else:
            second.sendall(other_data[:half])
    first.sendall(data[half:])
    first.close()
    f.voidresp()
    if waits:
        send(other, second, other_data)
    elif other:
        second.sendall(other_data[half:])
        second.close()
        other.voidresp()


# -- broken off in the middle --


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def half_sent(f, name, data):
    """Half of it is in the server's file, whatever that is called until the end."""
    half = len(data) // 2
    f.voidcmd("TYPE I")
    conn = f.transfercmd("STOR " + name)
    conn.sendall(data[:half])
    wait_for(lambda: any(os.path.getsize(path) >= half for path in arrived(name)))
    return conn


def arrived(name):
    return glob.glob(sys.argv[7] + "/*" + name + "*") + glob.glob(sys.argv[7] + "/.*" + name + "*")


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited a minute in vain"
        time.sleep(0.02)


def fin(f, name, data):
    half_sent(f, name, data).close()
    print(f.voidresp())


def rst(f, name, data):
    reset(half_sent(f, name, data))
    try:
        print(f.voidresp())
    except (ftplib.Error, EOFError) as e:
        print(e)


def lost(f, name, data):
    """Both connections, as when the client's machine is switched off."""
    conn = half_sent(f, name, data)
    reset(f.sock)
    reset(conn)
    print("both connections reset")


def abor(f, name, data):
    conn = half_sent(f, name, data)
    time.sleep(0.2)  # the server waits for more of it
    f.sock.sendall(b"\xff\xf4\xff")
    f.sock.send(b"\xf2", socket.MSG_OOB)
    f.sock.sendall(b"ABOR\r\n")
    time.sleep(0.2)
    conn.close()
    try:
        print(f.getmultiline())
    except (ftplib.Error, EOFError) as e:
        print(e)


# -- downloads --


def retr(f, to, name):
    f.voidcmd("TYPE I")
    size = f.size(name)
    with open(to, "wb") as out:
        f.retrbinary("RETR " + name, out.write)
        assert out.tell() == size, (out.tell(), size)


def retr_ascii(f, to, name):
    with open(to, "wb") as out:
        f.retrlines("RETR " + name, lambda line: out.write(line.encode("utf-8", "surrogateescape") + b"\n"))


def retr_rest(f, to, name):
    """The end by REST, the beginning by a download that is left alone."""
    with open(to, "wb") as out:
        out.write(b"-" * 1000)
        f.voidcmd("TYPE I")
        f.retrbinary("RETR " + name, out.write, rest=1000)
        assert out.tell() == f.size(name)
        other = connect(*sys.argv[1:4])
        other.voidcmd("TYPE I")
        conn = other.transfercmd("RETR " + name)
        got = b""
        while len(got) < 1000:
            got += conn.recv(1000 - len(got))
        out.seek(0)
        out.write(got)
        conn.close()
        other.close()


def facts(f, to, name):
    """SIZE and MDTM are those of the download; LIST agrees."""
    retr(f, to, name)
    lines = []
    f.retrlines("LIST", lines.append)
    mine = [line for line in lines if line.endswith(" " + name)]
    assert len(mine) == 1 and str(os.path.getsize(to)) in mine[0].split(), lines
    print(f.sendcmd("MDTM " + name))


UPLOADS = {
    "stor": stor, "small": small, "ascii": ascii_mode, "appe": appe, "rest": rest, "resume": resume,
    "resume_appe": resume_appe, "noise": noise, "again": again, "mdtm": mdtm, "list": listing, "chmod": chmod,
    "rename": rename, "rename_xml": rename_xml, "flag": flag, "directory": directory, "allo": allo,
    "reconnect": reconnect, "at_once": at_once, "two_orders": two_orders, "fin": fin, "rst": rst, "lost": lost, "abor": abor,
}
DOWNLOADS = {"retr": retr, "retr_ascii": retr_ascii, "retr_rest": retr_rest, "facts": facts}


def main():
    port, user, password, mode, path, name = sys.argv[1:7]
    f = connect(port, user, password)
    f.encoding = "utf-8"
    if mode in UPLOADS:
        with open(path, "rb") as source:
            data = source.read()
        f.cwd("orders/incoming")
        UPLOADS[mode](f, name, data)
    else:
        DOWNLOADS[mode](f, path, name)
    f.close()


main()

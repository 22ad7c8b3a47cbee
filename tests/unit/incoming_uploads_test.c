/*
 * What servers and clients do when they upload (measured; see doc comments of each row): every sequence of
 * requests ends in exactly the imports it should. Each is run with an intake that decides at once after every
 * request and with one that comes only at the end.
 *
 * Requests: c# NAME FLAGS create with handle #; o# NAME FLAGS open; w# DOC write all of it in pieces; w# DOC<
 * its first half; w# DOC> its second half at its place; b# DOC byte by byte; p# DOC at the handle's end, as
 * after O_APPEND; t# DOC|0 ftruncate to the size of; T NAME DOC|0 truncate by name; f# flush; s# fsync; r#
 * release; m NAME chmod, M# NAME chmod with a handle open; u NAME SECOND utimes; g NAME stat; mv A B; mvn A B
 * (NOREPLACE); rm; mkdir; rmdir. FLAGS: w, r (read and write), R (read only), x O_EXCL, t O_TRUNC, a
 * O_APPEND.
 */
#include "drop.h"

#define DOC_A "<order n=\"1\"><line sku=\"a\" quantity=\"1\"/></order>\n"
#define DOC_B "<order n=\"2\"><line sku=\"b\" quantity=\"22\"/><note>longer</note></order>\n"
#define DOC_C "<order n=\"3\"/></order>\n"

static const char *document(const char *word)
{
    return word[0] == 'A' ? DOC_A : word[0] == 'B' ? DOC_B : word[0] == 'C' ? DOC_C : "";
}

struct row {
    const char *title, *requests;
    const char *imports; /* the documents, in any order */
    const char *names;   /* visible at the end, sorted, with the intake done */
};

static const struct row rows[] = {
    {"vsftpd STOR", "c1 x.xml w; g x.xml; t1 0; w1 A; f1; r1", "A", "x.xml"},
    {"vsftpd STOR byte by byte", "c1 x.xml w; t1 0; b1 A; f1; r1", "A", "x.xml"},
    {"vsftpd overwrite of a name that lingers",
     "c1 x.xml w; t1 0; w1 A; f1; r1; o1 x.xml w; t1 0; w1 B; f1; r1", "AB", "x.xml"},
    {"vsftpd STOR broken, then APPE", "c1 x.xml w; t1 0; w1 A<; f1; r1; o1 x.xml w; w1 A>; f1; r1", "A",
     "x.xml"},
    {"vsftpd STOR broken, then REST+STOR",
     "c1 x.xml w; t1 0; w1 A<; f1; r1; g x.xml; o1 x.xml w; w1 A>; f1; r1", "A", "x.xml"},
    {"vsftpd STOR broken, then STOR", "c1 x.xml w; t1 0; w1 B<; f1; r1; o1 x.xml w; t1 0; w1 A; f1; r1", "A",
     "x.xml"},
    {"vsftpd broken and left", "c1 x.xml w; t1 0; w1 A<; f1; r1", "", "x.xml"},
    {"vsftpd delete_failed_uploads", "c1 x.xml w; t1 0; w1 A<; rm x.xml; f1; r1", "", ""},
    {"vsftpd second STOR truncates before the first is released",
     "c1 x.xml w; t1 0; w1 A; f1; o2 x.xml w; t2 0; r1; w2 B; f2; r2", "AB", "x.xml"},
    {"a dead session keeps its handle", "c1 x.xml w; t1 0; w1 A<; o2 x.xml w; t2 0; w2 A; f2; r2; r1", "A",
     "x.xml"},
    {"a dead session is overtaken by a resume", "c1 x.xml w; w1 A<; o2 x.xml w; w2 A>; f2; r2; r1", "A",
     "x.xml"},
    {"ProFTPD STOR", "c1 x.xml wt; w1 A; f1; r1; g x.xml", "A", "x.xml"},
    {"ProFTPD HiddenStores", "c1 .in.x.xml. wx; w1 A; f1; r1; mv .in.x.xml. x.xml; g x.xml", "A", "x.xml"},
    {"ProFTPD HiddenStores, client killed", "c1 .in.x.xml. wx; w1 A<; f1; r1; mv .in.x.xml. x.xml; g x.xml",
     "", "x.xml"},
    {"ProFTPD HiddenStores, over a pending file",
     "c1 x.xml wt; w1 B<; f1; r1; c1 .in.x.xml. wx; w1 A; f1; r1; mv .in.x.xml. x.xml", "A", "x.xml"},
    {"Pure-FTPd STOR", "c1 x.xml w; w1 A; f1; r1", "A", "x.xml"},
    {"sftp put", "c1 x.xml wt; w1 A; f1; r1", "A", "x.xml"},
    {"sftp put twice", "c1 x.xml wt; w1 A; f1; r1; o1 x.xml wt; w1 A; f1; r1", "AA", "x.xml"},
    {"sftp put -p", "c1 x.xml wt; w1 A; m x.xml; u x.xml 1700000000; f1; r1", "A", "x.xml"},
    {"sftp put -f", "c1 x.xml wt; w1 A; s1; f1; r1", "A", "x.xml"},
    {"sftp put killed, then reput", "c1 x.xml wt; w1 A<; f1; r1; g x.xml; o1 x.xml wa; p1 A>; f1; r1", "A",
     "x.xml"},
    {"sftp put, ls, chmod", "c1 x.xml wt; w1 A; f1; r1; g x.xml; m x.xml", "A", "x.xml"},
    {"sftp put of a temporary name, rename", "c1 x.part wt; w1 A; f1; r1; mv x.part x.xml", "A", "x.xml"},
    {"temporary name that looks final", "c1 tmp_x.xml wt; w1 A; f1; r1; mv tmp_x.xml x.xml", "A", "x.xml"},
    {"scp", "c1 x.xml w; w1 A; t1 A; f1; r1", "A", "x.xml"},
    {"scp over a longer pending file", "c1 x.xml w; w1 B<; f1; r1; o1 x.xml w; w1 C; t1 C; f1; r1", "C",
     "x.xml"},
    {"scp over a longer done file", "c1 x.xml w; w1 B; t1 B; f1; r1; o1 x.xml w; w1 A; t1 A; f1; r1", "AB",
     "x.xml"},
    {"scp of the same again", "c1 x.xml w; w1 A; t1 A; f1; r1; o1 x.xml w; w1 A; t1 A; f1; r1", "A", "x.xml"},
    {"scp -p", "c1 x.xml w; w1 A; t1 A; m x.xml; u x.xml 1700000000; f1; r1", "A", "x.xml"},
    {"scp -O -p", "c1 x.xml w; w1 A; t1 A; f1; r1; u x.xml 1700000000", "A", "x.xml"},
    {"lftp sftp", "c1 x.xml wt; w1 A; t1 A; u x.xml 1700000000; f1; r1", "A", "x.xml"},
    {"lftp use-temp-file", "c1 .in.x.xml wt; w1 A; f1; r1; g x.xml; mv .in.x.xml x.xml", "A", "x.xml"},
    {"paramiko put", "c1 x.xml wt; w1 A; r1; g x.xml", "A", "x.xml"},
    {"asyncssh preserve", "c1 x.xml wt; w1 A; r1; m x.xml; u x.xml 1700000000", "A", "x.xml"},
    {"ssh2-sftp-client", "c1 x.xml wt; M1 x.xml; w1 A; f1; r1", "A", "x.xml"},
    {"rsync",
     "c1 .x.xml.Ab12Cd rx; m .x.xml.Ab12Cd; w1 A; f1; r1; g .x.xml.Ab12Cd; u .x.xml.Ab12Cd 1700000000;"
     "o1 .x.xml.Ab12Cd R; m .x.xml.Ab12Cd; r1; mv .x.xml.Ab12Cd x.xml",
     "A", "x.xml"},
    {"rsync of a changed file",
     "c1 .x.xml.Ab12Cd rx; w1 A; f1; r1; mv .x.xml.Ab12Cd x.xml;"
     "c1 .x.xml.Ef34Gh rx; w1 B; f1; r1; mv .x.xml.Ef34Gh x.xml",
     "AB", "x.xml"},
    {"rsync killed", "c1 .x.xml.Ab12Cd rx; w1 A<; f1; r1; rm .x.xml.Ab12Cd", "", ""},
    {"rsync --partial killed",
     "c1 .x.xml.Ab12Cd rx; w1 A<; f1; r1; u .x.xml.Ab12Cd 0; m .x.xml.Ab12Cd;"
     "mv .x.xml.Ab12Cd x.xml",
     "", "x.xml"},
    {"rsync --partial killed and repeated",
     "c1 .x.xml.Ab12Cd rx; w1 A<; f1; r1; u .x.xml.Ab12Cd 0; mv .x.xml.Ab12Cd x.xml; o1 x.xml R; "
     "c2 .x.xml.Ef34Gh rx; w2 A; f2; r2; r1; u .x.xml.Ef34Gh 1700000000; mv .x.xml.Ef34Gh x.xml",
     "A", "x.xml"},
    {"rsync --partial-dir killed",
     "c1 .x.xml.Ab12Cd rx; w1 A; f1; r1; mkdir .rsync-partial; mv .x.xml.Ab12Cd .rsync-partial/x.xml", "",
     ".rsync-partial"},
    {"rsync --inplace", "c1 x.xml w; w1 A; t1 A; f1; r1; u x.xml 1700000000; o1 x.xml R; m x.xml; r1", "A",
     "x.xml"},
    {"rsync --inplace killed and repeated",
     "c1 x.xml w; w1 A<; f1; r1; o1 x.xml w; w1 A; t1 A; f1; r1; u x.xml 1700000000", "A", "x.xml"},
    {"rsync --append", "c1 x.xml w; w1 A<; f1; r1; o1 x.xml w; w1 A>; t1 A; f1; r1; m x.xml", "A", "x.xml"},
    {"rsync --temp-dir elsewhere", "c1 x.xml wx; w1 A; f1; r1; u x.xml 1700000000; m x.xml", "A", "x.xml"},
    {"rsync --delay-updates",
     "c1 .x.xml.Ab12Cd rx; w1 A; f1; r1; mkdir .~tmp~; mv .x.xml.Ab12Cd .~tmp~/x.xml;"
     "c1 .y.xml.Ab12Cd rx; w1 B; f1; r1; mv .y.xml.Ab12Cd .~tmp~/y.xml;"
     "mv .~tmp~/x.xml x.xml; mv .~tmp~/y.xml y.xml; rmdir .~tmp~",
     "AB", "x.xml y.xml"},
    {"rsync -r of a directory",
     "mkdir day; c1 day/.x.xml.Ab12Cd rx; w1 A; f1; r1; mv day/.x.xml.Ab12Cd day/x.xml", "A", "day"},
    {"WinSCP small", "c1 x.xml wt; w1 A; f1; r1; u x.xml 1700000000", "A", "x.xml"},
    {"WinSCP .filepart",
     "c1 x.xml.filepart wt; w1 A; f1; r1; g x.xml; mv x.xml.filepart x.xml; u x.xml 1700000000; m x.xml", "A",
     "x.xml"},
    {"WinSCP .filepart over a done file",
     "c1 x.xml wt; w1 A; f1; r1; c1 x.xml.filepart wt; w1 B; f1; r1; rm x.xml;"
     "mv x.xml.filepart x.xml; u x.xml 1700000000",
     "AB", "x.xml"},
    {"WinSCP aborted", "c1 x.xml.filepart wt; w1 A<; f1; r1", "", "x.xml.filepart"},
    {"Cyberduck temporary name",
     "c1 x.xml-a1b2 wt; w1 A; f1; r1; m x.xml-a1b2; u x.xml-a1b2 1700000000; mv x.xml-a1b2 x.xml", "A",
     "x.xml"},
    {"cp", "c1 x.xml wx; w1 A; f1; r1", "A", "x.xml"},
    {"cp -p", "c1 x.xml wx; w1 A; u x.xml 1700000000; m x.xml; f1; r1", "A", "x.xml"},
    {"mv inside the mount", "c1 x.new wx; w1 A; f1; r1; mvn x.new x.xml", "A", "x.xml"},
    {"install -m", "c1 x.xml wx; m x.xml; w1 A; r1; m x.xml", "A", "x.xml"},
    {"shutil.copy2", "c1 x.xml wt; w1 A; r1; u x.xml 1700000000; m x.xml", "A", "x.xml"},
    {"sh >", "c1 x.xml wt; f1; w1 A; f1; r1", "A", "x.xml"},
    {"sh > and >>", "c1 x.xml wt; f1; w1 A<; f1; r1; o1 x.xml wa; f1; p1 A>; f1; r1", "A", "x.xml"},
    {"sh > over a done file", "c1 x.xml wt; f1; w1 A; f1; r1; o1 x.xml wt; f1; w1 B; f1; r1", "AB", "x.xml"},
    {"dd", "c1 x.xml wt; f1; w1 A; f1; r1", "A", "x.xml"},
    {"touch", "c1 x.xml w; f1; u x.xml 1700000000; f1; r1", "", "x.xml"},
    {"touch, then >", "c1 x.xml w; f1; u x.xml 1700000000; f1; r1; o1 x.xml wt; f1; w1 A; f1; r1", "A",
     "x.xml"},
    {"tar -x", "c1 x.xml wx; w1 A; u x.xml 1700000000; m x.xml; r1", "A", "x.xml"},
    {"vim, new file",
     "c1 .x.xml.swp rx; w1 B; c2 .x.xml.swx rx; r2; rm .x.xml.swx; c2 x.xml w; t2 0; w2 A; s2; f2; r2; r1; "
     "rm .x.xml.swp",
     "A", "x.xml"},
    {"vim, existing file",
     "c1 x.xml w; w1 A; f1; r1; o1 x.xml R; r1; c1 4913 wx; r1; rm 4913; mv x.xml x.xml~;"
     "c1 x.xml w; t1 0; w1 B; s1; f1; r1; rm x.xml~",
     "AB", "x.xml"},
    {"sed -i",
     "c1 x.xml w; w1 A; f1; r1; o1 x.xml R; c2 sedXy12Zq rx; m sedXy12Zq; w2 B; f2; r2; r1; mv sedXy12Zq "
     "x.xml",
     "AB", "x.xml"},
    {"flag file", "c1 x.xml wt; w1 A; f1; r1; c1 x.xml.ok w; f1; r1", "A", "x.xml x.xml.ok"},
    {"another kind of file", "c1 notes.txt wt; w1 A; f1; r1", "", "notes.txt"},
    {"upper-case ending", "c1 X.XML wt; w1 A; f1; r1", "A", "X.XML"},
    {"a closed file truncated by name", "c1 x.xml w; w1 A; f1; r1; T x.xml 0; o1 x.xml w; w1 B; f1; r1", "AB",
     "x.xml"},
    {"truncated by name while open", "c1 x.xml w; w1 B<; T x.xml 0; w1 A; f1; r1", "A", "x.xml"},
    {"written backwards", "c1 x.xml w; w1 A>; w1 A<; f1; r1", "A", "x.xml"},
    {"read while done, rename while done",
     "c1 x.xml w; w1 A; f1; r1; o1 x.xml R; r1; mv x.xml y.xml; mv y.xml z.xml", "A", "z.xml"},
    {"append to a done file", "c1 x.xml w; w1 A; f1; r1; o1 x.xml wa; p1 C; f1; r1", "A+", "x.xml"},
    {"opened for writing and closed", "c1 x.xml w; w1 A; f1; r1; o1 x.xml w; r1; o1 x.xml r; f1; r1", "A",
     "x.xml"},
    {"renamed away while open", "c1 x.xml w; w1 A<; mv x.xml x.part; w1 A>; f1; r1", "", "x.part"},
    {"renamed to a candidate while open", "c1 x.part w; w1 A<; mv x.part x.xml; w1 A>; f1; r1", "A", "x.xml"},
    {"directory renamed to a visible one", "mkdir .up; c1 .up/x.xml w; w1 A; f1; r1; mv .up up", "A", "up"},
    {"unlinked while it lingers", "c1 x.xml w; w1 A; f1; r1; rm x.xml", "A", ""},
    {"replaced while open", "c1 x.xml w; w1 A; c2 x.tmp w; w2 B; f2; r2; mv x.tmp x.xml; f1; r1", "AB",
     "x.xml"},
    {"replaced while half and open", "c1 x.xml w; w1 A<; c2 x.tmp w; w2 B; f2; r2; mv x.tmp x.xml; f1; r1",
     "B", "x.xml"},
};

struct hand {
    struct incoming_handle *h;
    char path[64];
};

static int open_flags(const char *word)
{
    int flags = 0;

    for (; *word; word++)
        flags |= *word == 'w'   ? O_WRONLY
                 : *word == 'r' ? O_RDWR
                 : *word == 'x' ? O_EXCL
                 : *word == 't' ? O_TRUNC
                 : *word == 'a' ? O_APPEND
                                : 0;
    return flags;
}

static void write_all(struct hand *hand, const char *data, size_t len, off_t at, size_t piece)
{
    for (size_t i = 0; i < len; i += piece) {
        size_t n = len - i < piece ? len - i : piece;

        assert_int_equal(incoming_write(hand->h, data + i, n, at + (off_t)i), n);
    }
}

static void request(struct drop *d, struct hand *hands, char *text)
{
    char *save = NULL, *op = strtok_r(text, " ", &save), *a = strtok_r(NULL, " ", &save),
         *b = strtok_r(NULL, " ", &save);
    struct hand *hand = &hands[op[1] >= '1' && op[1] <= '9' ? op[1] - '0' : 0];
    const char *doc = a ? document(a) : "";
    size_t len = strlen(doc), half = len / 2;
    struct stat st = {0};
    int rc = 0;

    if (strcmp(op, "mv") == 0) {
        rc = drop_rename(d, a, b, 0);
    } else if (strcmp(op, "mvn") == 0) {
        rc = drop_rename(d, a, b, RENAME_NOREPLACE);
    } else if (strcmp(op, "rm") == 0) {
        rc = drop_unlink(d, a);
    } else if (strcmp(op, "mkdir") == 0) {
        rc = drop_mkdir(d, a);
    } else if (strcmp(op, "rmdir") == 0) {
        rc = drop_rmdir(d, a);
    } else if (op[0] == 'c') {
        rc = drop_create(d, a, open_flags(b), &hand->h);
        snprintf(hand->path, sizeof hand->path, "%s", a);
    } else if (op[0] == 'o') {
        rc = drop_open_file(d, a, open_flags(b), &hand->h);
        snprintf(hand->path, sizeof hand->path, "%s", a);
    } else if (op[0] == 'w' && a[1] == '<') {
        write_all(hand, doc, half, 0, 7);
    } else if (op[0] == 'w' && a[1] == '>') {
        write_all(hand, doc + half, len - half, (off_t)half, 7);
    } else if (op[0] == 'w') {
        write_all(hand, doc, len, 0, 16);
    } else if (op[0] == 'b') {
        write_all(hand, doc, len, 0, 1);
    } else if (op[0] == 'p') {
        size_t from = a[1] == '>' ? half : 0;

        assert_int_equal(incoming_write(hand->h, doc + from, len - from, 0),
                         len - from); /* O_APPEND: the place is ours */
    } else if (op[0] == 't' || op[0] == 'T') {
        st.st_size = (off_t)strlen(document(op[0] == 't' ? a : b));
        rc = op[0] == 't' ? drop_set(d, hand->path, hand->h, INCOMING_SET_SIZE, st)
                          : drop_set(d, a, NULL, INCOMING_SET_SIZE, st);
    } else if (op[0] == 'f') {
        rc = incoming_flush(hand->h);
    } else if (op[0] == 's') {
        rc = incoming_fsync(hand->h);
    } else if (op[0] == 'r') {
        incoming_release(d->in, hand->h);
    } else if (op[0] == 'm' || op[0] == 'M') {
        st.st_mode = 0600;
        rc = drop_set(d, a, NULL, INCOMING_SET_MODE, st);
    } else if (op[0] == 'u') {
        st.st_mtim.tv_sec = st.st_atim.tv_sec = atoll(b);
        rc = drop_set(d, a, NULL, INCOMING_SET_MTIME | INCOMING_SET_ATIME, st);
    } else if (op[0] == 'g') {
        rc = drop_stat(d, a, &st);
        if (rc == -ENOENT)
            rc = 0;
    } else {
        fail_msg("unknown request '%s'", op);
    }
    if (rc < 0)
        fail_msg("%s %s: %s", op, a ? a : "", strerror(-rc));
}

/* The documents imported, as letters in alphabetical order; '+': something else. */
static void imported(const struct drop *d, char *out)
{
    size_t n = 0;

    for (const char *letter = "ABC"; *letter; letter++) {
        for (size_t i = 0; i < d->n_imports; i++) {
            if (strcmp(d->imports[i].bytes, document(letter)) == 0)
                out[n++] = *letter;
        }
    }
    while (n < d->n_imports)
        out[n++] = '+';
    out[n] = '\0';
}

static void listed(struct drop *d, struct buf *out)
{
    struct incoming_entry *list;
    size_t n;

    assert_int_equal(incoming_list(d->in, incoming_root(d->in), false, &list, &n), 0);
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s%s", i ? " " : "", list[i].name);
    incoming_list_free(list, n);
}

enum pace { AT_ONCE, AT_THE_END, RESTART_BEFORE };

static void check_archive(struct drop *d)
{
    for (size_t i = 0; i < d->n_imports; i++) {
        struct buf filed = BUF_INIT;

        assert_int_equal(io_read_file(d->archive, d->imports[i].filed_as, 1 << 20, &filed), 0);
        assert_string_equal(buf_str(&filed), d->imports[i].bytes);
        buf_release(&filed);
    }
}

static bool run_row(const struct row *row, enum pace pace)
{
    char *requests = xstrdup(row->requests), *save = NULL, got[64];
    struct buf names = BUF_INIT;
    struct hand hands[10] = {0};
    struct drop d;
    bool good;

    drop_start(&d);
    drop_open(&d);
    for (char *one = strtok_r(requests, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
        request(&d, hands, one);
        if (pace == AT_ONCE)
            drop_decide(&d);
    }
    if (pace == RESTART_BEFORE)
        drop_restart(&d);
    drop_decide(&d);
    assert_int_equal(drop_decide(&d), 0);
    imported(&d, got);
    listed(&d, &names);
    check_archive(&d);
    good = strcmp(got, row->imports) == 0 && strcmp(buf_str(&names), row->names) == 0;
    if (!good)
        print_error("%s, pace %d: imported '%s', not '%s'; names '%s', not '%s'\n", row->title, pace, got,
                    row->imports, buf_str(&names), row->names);
    drop_end(&d);
    buf_release(&names);
    free(requests);
    return good;
}

static void test_uploads(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (enum pace pace = AT_ONCE; pace <= RESTART_BEFORE; pace++)
            bad += !run_row(&rows[i], pace);
    }
    print_message("%zu sequences, each with a fast intake, a slow one and a restart before it\n",
                  sizeof rows / sizeof *rows);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uploads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

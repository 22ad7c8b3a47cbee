/*
 * The cells of a CSV file as libcsv reads it: for the tests, which compare them with another language's.
 *
 *     csv_cells FILE DELIMITER [no-quotes]
 *
 * FILE is in UTF-8, with or without a byte order mark; DELIMITER is one character or "tab". A line for each record, a tab
 * between cells; backslash, tab, LF and CR as \\ \t \n \r. Strict: a quote in the middle of a cell without quotes, or a
 * quote that nothing closes, ends it with 1.
 */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_cell(void *cell, size_t len, void *first)
{
    static const char from[] = "\\\t\n\r", to[] = "\\tnr";

    if (!*(int *)first)
        putchar('\t');
    *(int *)first = 0;
    for (const char *s = cell; len > 0; s++, len--) {
        const char *special = memchr(from, *s, sizeof from - 1);

        if (special)
            putchar('\\');
        putchar(special ? to[special - from] : *s);
    }
}

static void end_record(int end, void *first)
{
    (void)end;
    *(int *)first = 1;
    putchar('\n');
}

/* libcsv takes blanks around a cell for no part of it unless told that there are none. */
static int no_blank(unsigned char c)
{
    (void)c;
    return 0;
}

int main(int argc, char **argv)
{
    struct csv_parser parser;
    char data[65536];
    size_t len;
    int first = 1, status = 0;
    FILE *in;

    if (argc < 3 || !(in = fopen(argv[1], "rb"))) {
        fputs("usage: csv_cells FILE DELIMITER [no-quotes]\n", stderr);
        return 2;
    }
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        abort();
    csv_set_delim(&parser, strcmp(argv[2], "tab") == 0 ? '\t' : (unsigned char)argv[2][0]);
    csv_set_space_func(&parser, no_blank);
    if (argc > 3)
        csv_set_quote(&parser, '\x01'); /* which no file holds */
    if (fread(data, 1, 3, in) != 3 || memcmp(data, "\xef\xbb\xbf", 3) != 0)
        rewind(in);
    while ((len = fread(data, 1, sizeof data, in)) > 0 && status == 0)
        if (csv_parse(&parser, data, len, put_cell, end_record, &first) != len)
            status = 1;
    if (status == 0 && (ferror(in) || csv_fini(&parser, put_cell, end_record, &first) != 0))
        status = 1;
    if (status)
        fprintf(stderr, "csv_cells: %s: %s\n", argv[1], csv_strerror(csv_error(&parser)));
    csv_free(&parser);
    fclose(in);
    return status;
}

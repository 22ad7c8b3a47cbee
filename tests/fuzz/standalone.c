/* Runs a fuzz target over files and directories of files, so that the corpus is an ordinary test. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    auto_buf bytes = BUF_INIT;
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : io_read_fd(fd, 64u << 20, &bytes);

    if (rc < 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    printf("%s\n", path);
    fflush(stdout); /* the last line names the culprit */
    LLVMFuzzerTestOneInput((const uint8_t *)buf_str(&bytes), bytes.len);
    return 1;
}

static int run_path(const char *path)
{
    struct stat st;
    DIR *dir;
    int n = 0;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return run_file(path);
    dir = opendir(path);
    if (!dir) {
        fprintf(stderr, "%s: cannot be opened\n", path);
        return -1;
    }
    for (struct dirent *e; n >= 0 && (e = readdir(dir));) {
        char file[4096];
        int rc;

        if (e->d_name[0] == '.')
            continue;
        if (snprintf(file, sizeof file, "%s/%s", path, e->d_name) >= (int)sizeof file) {
            n = -1;
            break;
        }
        rc = run_file(file);
        n = rc < 0 ? rc : n + rc;
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int n = run_path(argv[i]);

        if (n < 0)
            return 1;
        total += n;
    }
    printf("%d inputs\n", total);
    return total ? 0 : 1;
}

/* Comparing words of shops without regard to case. */
#ifndef SHOPFS_MAPPING_ORDER_WORDS_H
#define SHOPFS_MAPPING_ORDER_WORDS_H

#include "base/buf.h"

/* Appends text in lower case: Latin and Cyrillic letters. */
void order_word_fold(struct buf *out, const char *text);

#endif

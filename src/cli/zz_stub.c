#include "order/intake.h"
#include <stdlib.h>
int intake_start(struct intake **out, const struct intake_options *options, struct error *err);
int intake_start(struct intake **out, const struct intake_options *options, struct error *err){(void)options;(void)err;*out=malloc(1);return 0;}
void intake_stop(struct intake *t){free(t);}
bool intake_idle(struct intake *t){(void)t;return true;}

/* What became of an import file, for people: no name, number or id stands in it, only
 * lines. In Swedish. */
#ifndef SMS_GATEWAY_INTAKE_REPORT_H
#define SMS_GATEWAY_INTAKE_REPORT_H

#include "common/buf.h"
#include "sms-gateway/intake.h"

/* For a terminal; the table of lines ends after a few hundred. */
void intake_report_text(const struct intake *i, bool dry_run, struct buf *out);
/* A line per row of the file: UTF-8 with a byte order mark, semicolons. */
void intake_report_csv(const struct intake *i, struct buf *out);

#endif

/* A TCP socket that listens: what http.c serves on. */
#ifndef COMMON_LISTEN_H
#define COMMON_LISTEN_H

#include "conf.h"
#include "err.h"
#include <stdint.h>

/* Opens a non-blocking socket on the address; the caller closes it. *ret_port is the port
 * that is listened on: the one chosen by the system when the address said 0. ERR_IO with
 * the address and what to do in why. */
enum err listen_open(
	const struct conf_address *a, int *ret_fd, uint16_t *ret_port, struct why *why);

#endif

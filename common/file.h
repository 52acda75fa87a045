/* Whole files and folders. */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include "buf.h"
#include "err.h"
#include <stdbool.h>

/* FOLDER/NAME; the caller frees it. */
char *file_path(const char *folder, const char *name);
/* Adds the file's bytes, at most limit of them, to the buf. ERR_NOT_FOUND, ERR_IO, or
 * ERR_INPUT when it is larger; the file and the reason in why. */
enum err file_read(const char *path, size_t limit, struct buf *ret_data, struct why *why);
/* Writes a new file, mode 0600, or over one that is there, which keeps its mode. ERR_IO
 * or ERR_FULL with the file and the reason in why; what is there then may be cut off. */
enum err file_write(const char *path, const void *data, size_t len, struct why *why);
/* Makes the folder, and those above it that are missing, mode 0700. *ret_made tells
 * whether the last was missing. */
enum err file_make_folder(const char *path, bool *ret_made, struct why *why);
/* The same with the folder that the file is, or will be, in. */
enum err file_make_folder_of(const char *file, struct why *why);
/* Makes sure that the folder's entry for the file, new or gone, survives a power cut. */
enum err file_sync_folder(const char *path, struct why *why);

/* The names in the folder that end so, sorted; they live in the arena. */
enum err file_list(struct arena *a, const char *folder, const char *ending,
	const char ***ret_names, size_t *ret_count, struct why *why);

#endif

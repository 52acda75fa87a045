#include "file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *file_path(const char *folder, const char *name)
{
	struct buf path = { 0 };
	buf_format(&path, "%s/%s", folder, name);
	return path.data;
}

enum err file_read(const char *path, size_t limit, struct buf *ret_data, struct why *why)
{
	char part[65536];
	size_t n, before = ret_data->len;
	FILE *f = fopen(path, "re");
	if (!f)
		return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s",
			path, strerror(errno));
	while (ret_data->len - before <= limit &&
		(n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(ret_data, part, n);
	int fault = ferror(f) ? errno : 0;
	(void)fclose(f);
	explicit_bzero(part, sizeof part);
	if (fault)
		return err_why(why, ERR_IO, "%s: %s", path, strerror(fault));
	if (ret_data->len - before > limit)
		return err_why(
			why, ERR_INPUT, "%s: is larger than %zu bytes", path, limit);
	return OK;
}

enum err file_write(const char *path, const void *data, size_t len, struct why *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	int fault = f ? 0 : errno;
	if (fd >= 0 && !f)
		(void)close(fd);
	if (f && len && fwrite(data, 1, len, f) != len)
		fault = errno;
	if (f && fclose(f) != 0 && !fault)
		fault = errno;
	if (!fault)
		return OK;
	return err_why(why, fault == ENOSPC ? ERR_FULL : ERR_IO, "%s: %s", path,
		strerror(fault));
}

enum err file_make_folder(const char *path, bool *ret_made, struct why *why)
{
	auto_(free) char *part = mem_text(path);
	*ret_made = false;
	for (char *slash = part; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		bool made = mkdir(part, 0700) == 0;
		if (!made && errno != EEXIST)
			return err_why(why, ERR_IO, "%s: %s", part, strerror(errno));
		if (slash)
			*slash = '/';
		else
			*ret_made = made;
	}
	return OK;
}

enum err file_make_folder_of(const char *file, struct why *why)
{
	auto_(free) char *copy = mem_text(file);
	bool made;
	return file_make_folder(dirname(copy), &made, why);
}

enum err file_sync_folder(const char *path, struct why *why)
{
	auto_(free) char *copy = mem_text(path);
	const char *folder = dirname(copy);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fault = fd < 0 || fsync(fd) != 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (!fault)
		return OK;
	return err_why(why, fault == ENOSPC ? ERR_FULL : ERR_IO,
		"%s: can't be synced: %s", folder, strerror(fault));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err file_list(struct arena *a, const char *folder, const char *ending,
	const char ***ret_names, size_t *ret_count, struct why *why)
{
	DIR *d = opendir(folder);
	if (!d)
		return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s",
			folder, strerror(errno));
	auto_(free) const char **found = NULL;
	size_t count = 0, end = strlen(ending);
	for (const struct dirent *entry; (entry = readdir(d));) {
		size_t len = strlen(entry->d_name);
		if (len <= end || strcmp(entry->d_name + len - end, ending) != 0)
			continue;
		found = mem_resize(found, count + 1, sizeof *found);
		found[count++] = arena_text(a, entry->d_name, len);
	}
	(void)closedir(d);
	if (count)
		qsort(found, count, sizeof *found, by_name);
	*ret_names = arena_alloc(a, count * sizeof *found);
	if (count)
		memcpy(*ret_names, found, count * sizeof *found);
	*ret_count = count;
	return OK;
}

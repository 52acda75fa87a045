/* Memory. Running out of it ends the program: whatever was acknowledged is on disk, and a
 * restart is cheaper to reason about than a half-allocated request. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Zeroed memory; the caller frees it with free(). */
void *mem_alloc(size_t size);
/* Like realloc() of count items, checked for overflow. */
void *mem_resize(void *old, size_t count, size_t size);
char *mem_text(const char *text);

/* A table as two arguments: its rows, and how many they are. */
#define ROWS(rows) rows, sizeof rows / sizeof *rows

/* Declares `auto_NAME`: a variable so marked is handed to destroy() when it goes out of
 * scope. */
#define MEM_AUTO(name, type, destroy)                                                    \
	static inline void auto_##name##_cleanup(type *p)                                \
	{                                                                                \
		destroy(*p);                                                             \
	}
#define auto_(name) __attribute__((cleanup(auto_##name##_cleanup)))

/* auto_(free): for memory of any type. */
static inline void auto_free_cleanup(void *p)
{
	free(*(void **)p);
}

/* An arena: many small allocations that live and die together. Not for threads to share.
 */
struct arena;
struct arena *arena_create(void);
void arena_destroy(struct arena *a);
/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
/* An array of that many items, which grows by one: where it is now, with room for one
 * more; what it leaves behind is freed with the arena. It starts as NULL. */
void *arena_more(struct arena *a, void *array, size_t count, size_t size);
char *arena_text(struct arena *a, const char *text, size_t len);
char *arena_format(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull));
MEM_AUTO(arena, struct arena *, arena_destroy)

#endif

#include "queue.h"
#include "box.h"

void queue_init(struct queue *q)
{
	*q = (struct queue){ .last = &q->first };
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->filled, NULL);
}

void queue_finish(struct queue *q)
{
	(void)pthread_mutex_destroy(&q->lock);
	(void)pthread_cond_destroy(&q->filled);
}

void queue_put(struct queue *q, struct box_job *job)
{
	job->next = NULL;
	(void)pthread_mutex_lock(&q->lock);
	*q->last = job;
	q->last = &job->next;
	(void)pthread_cond_signal(&q->filled);
	(void)pthread_mutex_unlock(&q->lock);
}

static struct box_job *take(struct queue *q, bool all)
{
	(void)pthread_mutex_lock(&q->lock);
	while (!q->first && !q->ended)
		(void)pthread_cond_wait(&q->filled, &q->lock);
	struct box_job *job = q->first;
	if (job) {
		q->first = all ? NULL : job->next;
		if (!all)
			job->next = NULL;
		if (!q->first)
			q->last = &q->first;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return job;
}

struct box_job *queue_take(struct queue *q)
{
	return take(q, false);
}

struct box_job *queue_take_all(struct queue *q)
{
	return take(q, true);
}

void queue_end(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->ended = true;
	(void)pthread_cond_broadcast(&q->filled);
	(void)pthread_mutex_unlock(&q->lock);
}

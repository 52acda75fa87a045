/* Jobs on their way from thread to thread, first in, first out. */
#ifndef SURVEY_QUEUE_H
#define SURVEY_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

struct box_job;

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct box_job *first; /* linked by `next` */
	struct box_job **last;
	bool ended;
};

void queue_init(struct queue *q);
void queue_finish(struct queue *q);
void queue_put(struct queue *q, struct box_job *job);
/* Waits for a job and takes it, or all that are there, linked. NULL once the queue has
 * ended and is empty. */
struct box_job *queue_take(struct queue *q);
struct box_job *queue_take_all(struct queue *q);
/* Nothing more is put in; those who wait are told. */
void queue_end(struct queue *q);

#endif

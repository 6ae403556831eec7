/* A core called `photo` without an operating system: a frame of its picture, then a frame of another.
 *
 * BASE is where its registers lie on the bus. With -DHOST an array stands in for them, so that the program
 * can be compiled and tried anywhere; an array finishes every frame at once.
 */
#include <stdio.h>

#include "photo.h"

#ifdef HOST
static uint32_t registers[32] = {[PHOTO_STATUS / 4] = PHOTO_STATUS_READY_MASK};
#define BASE registers
#else
#define BASE ((volatile uint32_t *)0xA0000000u)
#endif

/* A file of `inrhw weights`, made into C by the Makefile. */
extern const uint32_t other_weights[PHOTO_FILE_WORDS];

static void show(volatile uint32_t *core)
{
    photo_start(core);
#ifdef HOST
    core[PHOTO_CORE_STATUS / 4] &= ~PHOTO_CORE_STATUS_ASKED_MASK;
#endif
    while (!photo_done(core))
        ;
    puts("a frame is done");
}

int main(void)
{
    volatile uint32_t *core = BASE;
    int error;

    core[PHOTO_CORE_CONTROL / 4] = PHOTO_CORE_CONTROL_RUN_MASK; /* a frame for each start */
    show(core);
    error = photo_load(core, other_weights, PHOTO_FILE_WORDS);
    if (error) {
        printf("the core refuses the weights: error %d of docs/weights.md\n", error);
        return 1;
    }
    show(core);
    return 0;
}

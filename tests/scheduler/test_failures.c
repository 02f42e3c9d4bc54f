/* Wherever memory runs out, nobody waits for ever, nothing is left behind, and the next answer is right. */
#include "allocations.h"
#include "scheduler/rig.h"

/* ---- what is done ------------------------------------------------------------------------------------------------ */

struct scene {
    struct scheduler_settings settings;
    char path[128], slots[64], cache[64];
    struct talk *talk;
};

/* Until it is over, one way or the other. */
static void hear(struct job *job, size_t answers)
{
    struct job_event event;
    size_t ended = 0;
    do {
        next_event(job, &event);
        ended += event.kind == JOB_ENDED;
    } while (ended < answers && event.kind != JOB_FAILED && event.kind != JOB_VECTOR);
    job_close(job);
}

static void run_jobs(const struct scene *scene, struct scheduler *scheduler, struct held *held)
{
    struct job_wishes wishes[3] = { scene->talk->wishes, scene->talk->wishes, scene->talk->wishes };
    struct job *jobs[3] = { NULL };
    size_t position;
    wishes[0].answers = 3;
    wishes[0].tells_tokens = true;
    wishes[1].kind = JOB_EMBED;
    wishes[2].owner = "bob";
    for (size_t i = 0; i < 3; i++) {
        wishes[i].held = held;
        if (!job_open(scheduler, &wishes[i], &jobs[i], &position, NULL))
            jobs[i] = NULL;
    }
    for (size_t i = 0; i < 3; i++)
        if (jobs[i])
            hear(jobs[i], wishes[i].answers);
}

static void run_slots(struct scheduler *scheduler, struct held *held)
{
    size_t tokens;
    uint64_t bytes;
    (void)!slot_save(scheduler, "ann", 0, "talk", &tokens, &bytes, NULL);
    (void)!slot_restore(scheduler, "ann", 1, "talk", held, &tokens, &bytes, NULL);
    (void)!slot_erase(scheduler, "ann", 0, &tokens, NULL);
}

static void play(const struct scene *scene)
{
    struct scheduler *scheduler;
    struct held *held;
    struct arena arena = { 0 };
    struct loaded_model *models;
    struct slot *slots;
    size_t count;
    if (!scheduler_open(&scene->settings, &scheduler, NULL))
        return;
    if (scheduler_hold(scheduler, scene->path, NULL, &held, NULL)) {
        run_jobs(scene, scheduler, held);
        run_slots(scheduler, held);
        run_jobs(scene, scheduler, held); /* of which the cache knows something */
        (void)!scheduler_models(scheduler, &arena, &models, &count, NULL);
        (void)!scheduler_slots(scheduler, "ann", &arena, &slots, &count, NULL);
        held_release(held, 0);
    }
    scheduler_close(scheduler);
    arena_free(&arena);
}

static void wherever_memory_runs_out_all_ends_well(void **state)
{
    (void)state;
    enum { ROUNDS = CHECK_IS_WATCHED ? 60 : 250 };
    struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct scene scene = { .settings = settings, .talk = talk_open(&rig, 75, "ann") };
    snprintf(scene.path, sizeof scene.path, "%s", rig.path);
    scene.settings.slot_folder = folder_temporary(scene.slots);
    scene.settings.cache_folder = folder_temporary(scene.cache);
    scene.settings.cache_bytes = 100000;
    fail_at(0);
    play(&scene);
    const size_t calls = atomic_load(&allocations.calls);
    for (size_t round = 0; round < ROUNDS; round++) {
        fail_at(round < ROUNDS / 4 ? round + 1 : random_in(&rig.random, 1, calls));
        play(&scene);
    }
    fail_at(0);
    struct result *result = job_hear(job_begin(&rig, &scene.talk->wishes), 1);
    check_result(scene.talk, result);
    free(result);
    free(scene.talk);
    rig_close(&rig);
    folder_remove(scene.slots);
    folder_remove(scene.cache);
}

int main(void)
{
    RUN_TESTS(TEST(wherever_memory_runs_out_all_ends_well));
}

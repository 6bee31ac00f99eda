// What the process keeps of memory that it does not use. Any thread.
#pragma once

namespace kepu::app {

// Once, before there are threads: what a thread freed goes back by itself where it is much.
void keep_little_memory();
// When work begins of which each step needs what the step before has freed.
void keep_memory_for_work();
// At idle moments: all that is free goes back, what the calling thread kept for its work too, and code is no longer
// held that is not run.
void give_memory_back();

} // namespace kepu::app

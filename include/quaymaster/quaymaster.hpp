// quaymaster: everything that a program needs to share queues, in one include.
#pragma once

#include <quaymaster/barrier.hpp>
#include <quaymaster/base_manager.hpp>
#include <quaymaster/blocking_queue.hpp>
#include <quaymaster/conversion.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/event.hpp>
#include <quaymaster/get_any.hpp>
#include <quaymaster/iteration.hpp>
#include <quaymaster/ndarray.hpp>
#include <quaymaster/queue_concept.hpp>
#include <quaymaster/queue_proxy.hpp>
#include <quaymaster/server.hpp>
#include <quaymaster/sync_manager.hpp>
#include <quaymaster/value.hpp>
#include <quaymaster/version.hpp>

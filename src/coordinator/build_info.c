/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/build_info.h"

#include "commit.h"

const char build_commit[] = COORDINATOR_COMMIT;

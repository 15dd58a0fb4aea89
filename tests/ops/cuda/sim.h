/* tests/ops/cuda/sim.h: the CUDA runtime, as much as ops/cuda/device_cuda.c calls, over a GPU that is none.
 * sim_runtime.c has the device, its memory and its errors, sim_work.c streams, captures and graphs; kernels are nvcc's
 * PTX, done by ptx.h. libinkling-cuda.so is linked with it in the runtime's place, so program and tests run as they
 * would on a GPU (tests/e2e/simulated_gpu.sh).
 *
 * Lazy         Nothing that a stream is told is done before somebody waits, and then all in its order. Who changes what
 *              a copy has yet to read, or reads what it has yet to write, gets other numbers.
 * Graphs       Their nodes are done in an order that their edges allow, drawn anew each time.
 * Strict       What the manual forbids is refused with the error that it names: no allocation while a stream captures,
 *              no stream of one device for a thread whose present device is another, no grid too large.
 * Faults       A kernel's fault stays: every later call returns it. cudaGetErrorString says what the kernel did.
 * Source       NVIDIA, CUDA Runtime API, version 13
 *
 * Environment, read at the first call:
 *   INK_SIM_DEVICES N      GPUs (1); 0: the driver sees none; no: there is no driver
 *   INK_SIM_DRIVER N       CUDA that the driver knows (as built), as in 13000
 *   INK_SIM_CAPABILITY N   compute capability (90)
 *   INK_SIM_MEMORY BYTES   of each GPU (1 GiB)
 *   INK_SIM_LARGEST BYTES  of one allocation (all of it)
 *   INK_SIM_BLOCKS N       of the kernel for whole steps on it at once (8); 0: it has no cooperative launch
 *   INK_SIM_SEED N         of the orders (1)
 *   INK_SIM_FAIL NAME:N:E  the Nth call of the function NAME returns the error E, a number; a kernel's fault (700, 719)
 *                          stays, and what streams were told is not done
 *   INK_SIM_TOLD FILE      written at the end: how many allocations, pinned ones of the host, graphs and graphs ready
 *                          to run were not given back; and of each kernel how often it ran, and how many instructions
 *                          its warps did, a measure of its work */
#ifndef INK_TESTS_SIM_H
#define INK_TESTS_SIM_H

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ptx.h"

/* ---- sim_runtime.c ---- */

/* Notes that the function is called. An error: it must return that and do nothing. */
cudaError_t sim_called(const char *name);
/* The error that a call returns, which cudaGetLastError tells once more. */
cudaError_t sim_error(cudaError_t error);
/* A kernel did wrong: from now on every call returns this. */
void sim_fault(cudaError_t error, const char *why);
/* The calling thread's device. */
int sim_present(void);
/* Does a whole value lie within one allocation of a device? */
bool sim_is_memory(int device, const void *from, size_t bytes);
/* A number drawn below `below`. */
uint32_t sim_draw(uint32_t below);
/* Works off a kernel's grid on a device. */
cudaError_t sim_run(int device, const ptx_kernel *kernel, dim3 grid, dim3 block, const void *arguments,
                    bool cooperative);
/* The kernel behind the host's address of it; NULL: it is none. */
const ptx_kernel *sim_kernel(const void *address);
/* May such a grid be started? */
cudaError_t sim_can_start(const ptx_kernel *kernel, dim3 grid, dim3 block, bool cooperative);
/* Counts what sim_work.c made and gave back: +1, -1. */
void sim_count_graphs(int by);
void sim_count_execs(int by);

/* ---- sim_work.c ---- */

/* Does all that the streams of a device were told. */
cudaError_t sim_finish(int device);
/* Does a stream of the calling thread capture? Then the capture is broken by what is asked. */
bool sim_breaks_capture(void);

#endif

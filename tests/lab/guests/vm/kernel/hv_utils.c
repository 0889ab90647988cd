// Copyright: (c) 2026, hyperv.integration contributors
// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * The kernel's half of the integration services, as user space sees it.
 *
 * The nodes /dev/vmbus/hv_* are misc devices that behave as those of drivers/hv/hv_utils_transport.c: one opener, whole
 * messages, EBADF once the host has taken the service back. The fake host has the other end at /dev/fakehost/hv_*: it
 * reads events (struct event and, for a message, what the daemon wrote) and writes messages for the daemon.
 * The clock of the host is a PTP clock with the name that hv_util.c gives it. It runs on the raw monotonic clock, so
 * that nothing that the guest does to its own clock moves it, and starts `ahead` milliseconds before the guest's.
 */
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/ptp_clock_kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "fake_vmbus.h"

#define LARGEST_MESSAGE 8192

enum service { KVP, VSS, FCOPY, NODES, TIME_SYNCHRONIZATION = NODES, OTHER };

static int ahead = 2500;
module_param(ahead, int, 0444);
MODULE_PARM_DESC(ahead, "milliseconds by which the clock of the host is ahead of the guest's at first");

enum happened { OPENED = 1, CLOSED = 2, WROTE = 3 };

struct event {
	__u32 happened;
	__s32 pid;
};

struct message {
	struct list_head list;
	size_t size;
	u8 data[];
};

struct node {
	const char *name;
	struct mutex lock;
	wait_queue_head_t wait;
	struct list_head to_guest, to_host;
	bool offered, open;
	struct miscdevice guest, host;
};

static struct node nodes[NODES] = {
	[KVP] = { .name = "vmbus/hv_kvp", .host.nodename = "fakehost/hv_kvp", .host.name = "fakehost-hv_kvp" },
	[VSS] = { .name = "vmbus/hv_vss", .host.nodename = "fakehost/hv_vss", .host.name = "fakehost-hv_vss" },
	[FCOPY] = { .name = "vmbus/hv_fcopy", .host.nodename = "fakehost/hv_fcopy", .host.name = "fakehost-hv_fcopy" },
};

static struct node *node_of_guest(struct file *file)
{
	return container_of(file->private_data, struct node, guest);
}

static struct node *node_of_host(struct file *file)
{
	return container_of(file->private_data, struct node, host);
}

/* Queues a message: a header, if there is one, and what user space passes. */
static int queue(struct node *node, struct list_head *to, const struct event *event, const char __user *from, size_t size)
{
	size_t head = event ? sizeof(*event) : 0;
	struct message *message;

	if (size > LARGEST_MESSAGE)
		return -EINVAL;
	message = kmalloc(sizeof(*message) + head + size, GFP_KERNEL);
	if (!message)
		return -ENOMEM;
	message->size = head + size;
	if (event)
		memcpy(message->data, event, head);
	if (size && copy_from_user(message->data + head, from, size)) {
		kfree(message);
		return -EFAULT;
	}
	mutex_lock(&node->lock);
	list_add_tail(&message->list, to);
	mutex_unlock(&node->lock);
	wake_up_interruptible(&node->wait);
	return 0;
}

static int tell_host(struct node *node, enum happened happened, const char __user *from, size_t size)
{
	struct event event = { .happened = happened, .pid = task_tgid_nr(current) };

	return queue(node, &node->to_host, &event, from, size);
}

/* Hands out the oldest message whole, and not at all where there is too little room, as hvt_op_read does. */
static ssize_t hand_out(struct node *node, struct list_head *from, char __user *to, size_t room)
{
	struct message *message;
	ssize_t result;

	mutex_lock(&node->lock);
	message = list_first_entry_or_null(from, struct message, list);
	if (!message) {
		result = -EAGAIN;
	} else if (message->size > room) {
		result = -EINVAL;
	} else {
		result = copy_to_user(to, message->data, message->size) ? -EFAULT : message->size;
		list_del(&message->list);
		kfree(message);
	}
	mutex_unlock(&node->lock);
	return result;
}

static void forget(struct node *node, struct list_head *messages)
{
	struct message *message, *next;

	mutex_lock(&node->lock);
	list_for_each_entry_safe(message, next, messages, list) {
		list_del(&message->list);
		kfree(message);
	}
	mutex_unlock(&node->lock);
}

static int guest_open(struct inode *inode, struct file *file)
{
	struct node *node = node_of_guest(file);
	int error;

	mutex_lock(&node->lock);
	error = !node->offered ? -EBADF : node->open ? -EBUSY : 0;
	if (!error)
		node->open = true;
	mutex_unlock(&node->lock);
	if (error)
		return error;
	forget(node, &node->to_guest);
	return tell_host(node, OPENED, NULL, 0);
}

static int guest_release(struct inode *inode, struct file *file)
{
	struct node *node = node_of_guest(file);

	tell_host(node, CLOSED, NULL, 0);
	mutex_lock(&node->lock);
	node->open = false;
	mutex_unlock(&node->lock);
	return 0;
}

static ssize_t guest_read(struct file *file, char __user *to, size_t room, loff_t *position)
{
	struct node *node = node_of_guest(file);

	if (wait_event_interruptible(node->wait, !list_empty(&node->to_guest) || !node->offered))
		return -EINTR;
	return node->offered ? hand_out(node, &node->to_guest, to, room) : -EBADF;
}

static ssize_t guest_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	struct node *node = node_of_guest(file);
	int error = node->offered ? tell_host(node, WROTE, from, size) : -EBADF;

	return error ? error : size;
}

static __poll_t guest_poll(struct file *file, poll_table *wait)
{
	struct node *node = node_of_guest(file);

	poll_wait(file, &node->wait, wait);
	if (!node->offered)
		return EPOLLERR | EPOLLHUP;
	return list_empty(&node->to_guest) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static const struct file_operations guest_operations = {
	.owner = THIS_MODULE,
	.open = guest_open,
	.release = guest_release,
	.read = guest_read,
	.write = guest_write,
	.poll = guest_poll,
};

static ssize_t host_read(struct file *file, char __user *to, size_t room, loff_t *position)
{
	struct node *node = node_of_host(file);

	if (wait_event_interruptible(node->wait, !list_empty(&node->to_host)))
		return -EINTR;
	return hand_out(node, &node->to_host, to, room);
}

static ssize_t host_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	struct node *node = node_of_host(file);
	int error = queue(node, &node->to_guest, NULL, from, size);

	return error ? error : size;
}

static const struct file_operations host_operations = {
	.owner = THIS_MODULE,
	.read = host_read,
	.write = host_write,
};

static u64 host_start, raw_start;

static int read_host_clock(struct ptp_clock_info *info, struct timespec64 *time)
{
	*time = ns_to_timespec64(host_start + ktime_get_raw_ns() - raw_start);
	return 0;
}

/* A guest cannot set the clock of its host (hv_ptp_settime and the like). */
static int set_nothing(struct ptp_clock_info *info, const struct timespec64 *time)
{
	return -EOPNOTSUPP;
}

static int move_nothing(struct ptp_clock_info *info, s64 delta)
{
	return -EOPNOTSUPP;
}

static int tune_nothing(struct ptp_clock_info *info, long delta)
{
	return -EOPNOTSUPP;
}

static int enable_nothing(struct ptp_clock_info *info, struct ptp_clock_request *request, int on)
{
	return -EOPNOTSUPP;
}

static struct ptp_clock_info host_clock = {
	.owner = THIS_MODULE,
	.name = "hyperv",
	.gettime64 = read_host_clock,
	.settime64 = set_nothing,
	.adjtime = move_nothing,
	.adjfine = tune_nothing,
	.enable = enable_nothing,
};
static struct ptp_clock *registered_clock;

static int probe(struct fake_device *device)
{
	struct node *node;

	if (device->driver_data == TIME_SYNCHRONIZATION) {
		registered_clock = ptp_clock_register(&host_clock, NULL);
		return PTR_ERR_OR_ZERO(registered_clock);
	}
	if (device->driver_data >= NODES)
		return 0;
	node = &nodes[device->driver_data];
	node->offered = true;
	node->guest.name = node->name;
	node->guest.minor = MISC_DYNAMIC_MINOR;
	node->guest.fops = &guest_operations;
	return misc_register(&node->guest);
}

static void remove(struct fake_device *device)
{
	if (device->driver_data == TIME_SYNCHRONIZATION) {
		ptp_clock_unregister(registered_clock);
	} else if (device->driver_data < NODES) {
		struct node *node = &nodes[device->driver_data];

		node->offered = false;
		misc_deregister(&node->guest);
		wake_up_interruptible(&node->wait);
	}
}

static const struct hv_vmbus_device_id table[] = {
	{ HV_KVP_GUID, .driver_data = KVP },
	{ HV_VSS_GUID, .driver_data = VSS },
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0) /* Linux commit ec314f61e4fc gave file copy to uio_hv_generic */
	{ HV_FCOPY_GUID, .driver_data = FCOPY },
#endif
	{ HV_TS_GUID, .driver_data = TIME_SYNCHRONIZATION },
	{ HV_SHUTDOWN_GUID, .driver_data = OTHER },
	{ HV_HEART_BEAT_GUID, .driver_data = OTHER },
	{},
};
MODULE_DEVICE_TABLE(vmbus, table);

static struct fake_driver utils = {
	.driver.name = "hv_utils",
	.table = table,
	.probe = probe,
	.remove = remove,
};

static int __init start(void)
{
	int index, error;

	host_start = ktime_get_real_ns() + (s64)ahead * NSEC_PER_MSEC;
	raw_start = ktime_get_raw_ns();
	for (index = 0; index < NODES; index++) {
		struct node *node = &nodes[index];

		mutex_init(&node->lock);
		init_waitqueue_head(&node->wait);
		INIT_LIST_HEAD(&node->to_guest);
		INIT_LIST_HEAD(&node->to_host);
		node->host.minor = MISC_DYNAMIC_MINOR;
		node->host.fops = &host_operations;
		node->host.mode = 0600;
		error = misc_register(&node->host);
		if (error)
			return error;
	}
	return fake_vmbus_register_driver(&utils, THIS_MODULE);
}
module_init(start); /* and no exit: it stays until the machine ends */

MODULE_DESCRIPTION("The integration services without a hypervisor, for tests");
MODULE_LICENSE("GPL");

/*
 * The first program: /init of the initramfs (rdinit=), else init= or /sbin/init and its kin. A
 * root= device needs a block layer and is refused until there is one. What stands on the command
 * line and means nothing to the kernel goes to it: bare words as arguments, name=value as
 * environment, as Linux does.
 */
#include <kernel/init.h>

#include <arch/thread.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <uapi/errno.h>

static const char *const kernel_words[] = {
	"console", "init",  "rdinit",	    "root",	     "rootfstype", "rootflags", "ro",
	"rw",	   "quiet", "loglevel",	    "panic",	     "nokaslr",	   "pti",	"nopti",
	"maxcpus", "mem",   "preempt_fuzz", "panic_on_warn", "BOOT_IMAGE",
};

static const char *arguments[COMMAND_LINE_WORDS + 2];
static const char *environment[COMMAND_LINE_WORDS + 3] = { "HOME=/", "TERM=linux" };

static bool is_kernel_word(const char *word)
{
	size_t n = strcspn(word, "=");

	for (u32 i = 0; i < ARRAY_SIZE(kernel_words); i++)
		if (strlen(kernel_words[i]) == n && !strncmp(word, kernel_words[i], n))
			return true;
	/* module.option words belong to drivers. */
	return memchr(word, '.', n) != NULL;
}

static void divide_words(void)
{
	u32 args = 1, envs = 2;
	bool rest = false;

	for (u32 i = 0; cmdline_word(i); i++) {
		const char *word = cmdline_word(i);

		if (!rest && !strcmp(word, "--"))
			rest = true;
		else if (rest)
			arguments[args++] = word;
		else if (is_kernel_word(word))
			continue;
		else if (strchr(word, '=')) {
			if (!strncmp(word, "TERM=", 5))
				environment[1] = word;
			else if (!strncmp(word, "HOME=", 5))
				environment[0] = word;
			else
				environment[envs++] = word;
		} else {
			arguments[args++] = word;
		}
	}
}

/* Standard input, output and error of the first program. */
static void open_console(void)
{
	file_t *f = file_open_at(AT_FDCWD, "/dev/console", O_RDWR, 0);

	if (IS_ERR(f)) {
		pr_warn("/dev/console cannot be opened (error %ld): the first program has none\n",
			-PTR_ERR(f));
		return;
	}
	for (int i = 0; i < 3; i++) {
		int fd = fd_dup(f, 0, false);

		if (fd < 0)
			pr_warn("The first program gets no descriptor %d\n", i);
	}
	file_put_now(f);
}

static int try_run(const char *path)
{
	arguments[0] = path;
	return kernel_execve(path, arguments, environment);
}

void start_init(void *arg)
{
	static const char *const fallbacks[] = { "/sbin/init", "/etc/init", "/bin/init",
						 "/bin/sh" };
	const char *rdinit = cmdline_get("rdinit"), *init = cmdline_get("init");
	int r;

	divide_words();
	if (cmdline_get("root"))
		pr_warn("root=%s: there are no block devices yet; the initramfs is the root\n",
			cmdline_get("root"));
	if (!rdinit)
		rdinit = "/init";
	/* /dev/console comes from devtmpfs even if the archive has no /dev. */
	vfs_mkdir_at(AT_FDCWD, "/dev", 0755);
	r = vfs_mount("devtmpfs", "/dev", "devtmpfs", 0);
	if (r)
		pr_warn("devtmpfs cannot be mounted on /dev: error %d\n", -r);
	open_console();
	r = try_run(rdinit);
	if (r && r != -ENOENT)
		panic("%s cannot be run: error %d", rdinit, -r);
	if (r && init) {
		r = try_run(init);
		if (r)
			panic("init=%s cannot be run: error %d", init, -r);
	}
	for (u32 i = 0; r && i < ARRAY_SIZE(fallbacks); i++)
		r = try_run(fallbacks[i]);
	if (r)
		panic("There is no program to start: no %s in the initramfs, no /sbin/init",
		      rdinit);
	arch_return_to_user(arch_user_frame(current()));
}

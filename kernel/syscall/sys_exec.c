/*
 * execve(2), execveat(2).
 */
#include <fs/vfs.h>
#include <kernel/proc.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

long sys_execveat(int dfd, const char __user *name, const char __user *const __user *argv,
		  const char __user *const __user *envp, int flags)
{
	char *path = getname(name, flags & AT_EMPTY_PATH);
	long r;

	if (IS_ERR(path))
		return PTR_ERR(path);
	r = do_execve(dfd, path, flags, (exec_strings_t){ .user = argv },
		      (exec_strings_t){ .user = envp });
	putname(path);
	return r;
}

long sys_execve(const char __user *name, const char __user *const __user *argv,
		const char __user *const __user *envp)
{
	return sys_execveat(AT_FDCWD, name, argv, envp, 0);
}

# bash completion for tether-keysvc(8).

_tether_keysvc()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words= word command=

	COMPREPLY=()
	case $prev in
	--dir | --ca)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--broker | --gateways | --token-mode | --token-life) return ;;
	esac
	for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
		case $word in
		init | run | list | revoke | status | rotate) command=$word ;;
		esac
	done
	case $command in
	'') words='--dir init run list revoke status rotate' ;;
	init) words='--if-missing' ;;
	run) words='--broker --ca --gateways --token-mode --token-life' ;;
	list | status) words='--json' ;;
	revoke) words='--all' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _tether_keysvc tether-keysvc

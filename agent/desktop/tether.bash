# bash completion for tether(1).

_tether()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=
	local modes='pulse bounce continuous flo asplit bsplit wave waterfall squeeze milk throb thrust cycle twist random step training'

	COMPREPLY=()
	case $prev in
	--config | --ca | --box)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--lock | --unlock) words='power mode' ;;
	--power-lock | --mode-lock) words='yes no' ;;
	--admit) words='ask always' ;;
	--modes) words="all $modes" ;;
	--server)
		mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
		return
		;;
	--page | --cap-a | --cap-b | --high-cap-a | --high-cap-b | --hold | --idle | --checkin | --rise) return ;;
	status) words='--json' ;;
	stop | end) return ;;
	*)
		words='--config --box --server --ca --page --cap-a --cap-b --high-cap-a --high-cap-b
			--lock --unlock --power-lock --mode-lock --modes --admit --hold --idle --checkin
			--rise --plain --headless --demo --debug --help --version'
		[ "$COMP_CWORD" -eq 1 ] && words="stop end status setup $words"
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _tether tether

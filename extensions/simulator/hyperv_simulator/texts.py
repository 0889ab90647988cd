# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says to people, in its own language. Scripts must not read any of it.

Source of the English texts (but the questions) and of the German ones marked (seen): recorded output of real hosts.
All others are invented; where a language has none the English text is shown.
"""

from __future__ import annotations

from hyperv_simulator.components import language

_TEXTS: dict[str, dict[str, str]] = {
    "vm_name_not_found": {
        "en": 'Hyper-V was unable to find a virtual machine with name "{name}".',
        "de": 'Es wurde kein virtueller Computer mit dem Namen "{name}" gefunden.',
        "fr": "Impossible de trouver un ordinateur virtuel nommé « {name} ».",
        "ja": "「{name}」という名前の仮想マシンが見つかりませんでした。",
        "ru": 'Не удалось найти виртуальную машину с именем "{name}".',
        "zh": "Hyper-V 找不到名为\u201c{name}\u201d的虚拟机。",
        "es": 'No se encontró ninguna máquina virtual con el nombre "{name}".',
        "it": 'Impossibile trovare una macchina virtuale con nome "{name}".',
        "ko": '이름이 "{name}"인 가상 컴퓨터를 찾을 수 없습니다.',
        "pt": 'Não foi possível encontrar uma máquina virtual com o nome "{name}".',
    },
    "vm_id_not_found": {
        "en": 'Hyper-V was unable to find a virtual machine with id "{name}".',
        "de": 'Es wurde kein virtueller Computer mit der ID "{name}" gefunden.',
    },
    "service_not_found": {
        "en": "A parameter is invalid. Unable to find an integration component with the given name.",
        # (seen)
        "de": "Ein Parameter ist ungültig. Es wurde keine Integrationskomponente mit dem angegebenen Namen gefunden.",
        "fr": "Paramètre non valide. Aucun composant d'intégration portant ce nom n'a été trouvé.",
        "ja": "パラメーターが無効です。指定された名前の統合コンポーネントが見つかりませんでした。",
        "ru": "Недопустимый параметр. Компонент интеграции с указанным именем не найден.",
        "zh": "参数无效。找不到具有给定名称的集成组件。",
        "es": "Un parámetro no es válido. No se encontró el componente de integración con el nombre dado.",
        "it": "Parametro non valido. Impossibile trovare il componente di integrazione con il nome specificato.",
        "ko": "매개 변수가 잘못되었습니다. 지정한 이름의 통합 구성 요소를 찾을 수 없습니다.",
        "pt": "Um parâmetro é inválido. Não foi encontrado o componente de integração com o nome fornecido.",
    },
    "object_not_found": {
        "en": "Hyper-V encountered an error trying to access an object on computer '{host}' because the object was not "
        "found. The object might have been deleted, or you might not have permission to perform the task. Verify that "
        "the Virtual Machine Management service on the computer is running. If the service is running, try to perform "
        "the task again by using Run as Administrator.",
        "de": 'Beim Zugriff auf ein Objekt auf dem Computer "{host}" ist in Hyper-V ein Fehler aufgetreten, da das '
        "Objekt nicht gefunden wurde. Möglicherweise wurde es gelöscht, oder Sie haben keine Berechtigung zum "
        "Ausführen der Aufgabe. Stellen Sie sicher, dass der Dienst für die Verwaltung virtueller Computer "
        "ausgeführt wird.",
    },
    "access_denied": {
        "en": "You do not have the required permission to complete this task. Contact the administrator of the "
        "authorization policy for the computer '{host}'.",
        "de": "Sie haben nicht die erforderliche Berechtigung, um diese Aufgabe auszuführen. Wenden Sie sich an den "
        'Administrator der Autorisierungsrichtlinie für den Computer "{host}".',
    },
    "rpc_unavailable": {
        "en": "The RPC server is unavailable. (Exception from HRESULT: 0x800706BA)",
        "de": "Der RPC-Server ist nicht verfügbar. (Ausnahme von HRESULT: 0x800706BA)",
    },
    "wrong_state": {
        "en": "The operation cannot be performed while the virtual machine is in its current state.",
        "de": "Der Vorgang kann nicht ausgeführt werden, während sich der virtuelle Computer im aktuellen Zustand "
        "befindet.",
    },
    "already_there": {
        "en": "The virtual machine is already in the specified state.",
        "de": "Der virtuelle Computer befindet sich bereits im angegebenen Zustand.",
    },
    "busy": {
        "en": "'{name}' is being modified by another operation.",
        "de": '"{name}" wird gerade von einem anderen Vorgang geändert.',
    },
    "ask_turn_off": {
        "en": "Hyper-V cannot shut down the virtual machine '{name}': its guest does not answer. Turn it off?",
        "de": 'Der virtuelle Computer "{name}" kann nicht heruntergefahren werden: der Gast antwortet nicht. '
        "Ausschalten?",
    },
    "ask_restart": {
        "en": "Are you sure you want to restart the virtual machine '{name}'? Unsaved data in it is lost.",
        "de": 'Soll der virtuelle Computer "{name}" neu gestartet werden? Nicht gespeicherte Daten gehen verloren.',
    },
    "ask_remove": {
        "en": "Are you sure you want to remove virtual machine '{name}'?",
        "de": 'Soll der virtuelle Computer "{name}" wirklich entfernt werden?',
    },
    "wait_timed_out": {
        "en": "The wait for virtual machine '{name}' timed out.",
        "de": 'Zeitüberschreitung beim Warten auf den virtuellen Computer "{name}".',
    },
    "no_replication": {
        "en": "Hyper-V was unable to find a replication relationship for virtual machine '{name}'.",
        "de": 'Für den virtuellen Computer "{name}" wurde keine Replikationsbeziehung gefunden.',
    },
    "checkpoint_not_found": {
        "en": 'Hyper-V was unable to find a checkpoint with id "{name}".',
        "de": 'Es wurde kein Prüfpunkt mit der ID "{name}" gefunden.',
    },
    "no_such_checkpoint": {
        "en": "Unable to find a snapshot matching the given criteria.",
        "de": "Es wurde kein Prüfpunkt gefunden, der den angegebenen Kriterien entspricht.",
    },
    "checkpoint_is_fixed": {
        "en": "The settings stored in a checkpoint cannot be changed.",
        "de": "Die in einem Prüfpunkt gespeicherten Einstellungen können nicht geändert werden.",
    },
    "group_not_found": {
        "en": 'Hyper-V was unable to find a virtual machine group with name "{name}".',
        "de": 'Es wurde keine VM-Gruppe mit dem Namen "{name}" gefunden.',
    },
    "bad_pattern": {
        "en": "The specified wildcard character pattern is not valid: {name}",
        "de": "Das angegebene Platzhalterzeichenmuster ist ungültig: {name}",
    },
    "no_cluster": {
        "en": "The cluster service is not running. Make sure that the service is running on all nodes in the cluster.",
        "de": "Der Clusterdienst wird nicht ausgeführt. Stellen Sie sicher, dass der Dienst auf allen Knoten im "
        "Cluster ausgeführt wird.",
    },
    "operating_normally": {
        "en": "Operating normally",
        "de": "Normaler Betrieb",
        "fr": "Fonctionnement normal",
        "ja": "正常稼働中",
        "ru": "Работает нормально",
        "zh": "正常运行",
        "es": "Funcionamiento normal",
        "it": "Funzionamento normale",
        "ko": "정상 작동",
        "pt": "Operação normal",
    },
    "new_virtual_machine": {"en": "New Virtual Machine", "de": "Neuer virtueller Computer"},
    "network_adapter": {"en": "Network Adapter", "de": "Netzwerkkarte"},
}


def text(key: str, culture: str, **values: str) -> str:
    """The text in the culture's language, else in English, with its values filled in."""
    translations = _TEXTS[key]
    return translations.get(language(culture), translations["en"]).format(**values)

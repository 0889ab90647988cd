# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration services as a host offers them: key, component GUID, localised names and status texts.

Source of the GUIDs: include/linux/hyperv.h and MOF dumps of `Msvm_<X>Component`.
Source of the names: output of real hosts for de, ru, ja, zh and part of fr; es, it, pt and ko come from one public
table each (unverified: would be verified by `Get-VMIntegrationService` on a host of that language).
"""

from __future__ import annotations

from dataclasses import dataclass

# Bare language -> the culture that Windows uses for it. Get-UICulture shows the culture.
CULTURES = {
    "en": "en-US",
    "de": "de-DE",
    "fr": "fr-FR",
    "ja": "ja-JP",
    "ru": "ru-RU",
    "zh": "zh-CN",
    "es": "es-ES",
    "it": "it-IT",
    "ko": "ko-KR",
    "pt": "pt-BR",
}


def full_culture(culture: str) -> str:
    """`de` -> `de-DE`; a full culture stays. Raises KeyError for a language the simulator does not speak."""
    full = CULTURES[culture[:2].lower()]
    return full if len(culture) == 2 else culture


def language(culture: str) -> str:
    return culture[:2].lower()


@dataclass(frozen=True)
class Component:
    """One integration service.

    `contact` is the part of the guest's boot time after which this service answers: each has its own moment
    (inferred; the order is invented).
    """

    key: str
    guid: str
    on_by_default: bool
    contact: float
    names: dict[str, str]

    def name(self, culture: str) -> str:
        return self.names[language(culture)]

    def id_of(self, owner_id: str) -> str:
        """The component's `Id`. Source: recorded objects, in which the owner's GUID is in upper case."""
        return f"Microsoft:{owner_id.upper()}\\{self.guid}"


COMPONENTS: dict[str, Component] = {
    component.key: component
    for component in (
        Component(
            "heartbeat",
            "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
            on_by_default=True,
            contact=0.5,
            names={
                "en": "Heartbeat",
                "de": "Takt",
                "fr": "Pulsation",
                "ja": "ハートビート",
                "ru": "Пульс",
                "zh": "检测信号",  # invented: no source found
                "es": "Latido",
                "it": "Heartbeat",
                "ko": "하트비트",  # invented: no source found
                "pt": "Pulsação",
            },
        ),
        Component(
            "shutdown",
            "9F8233AC-BE49-4C79-8EE3-E7E1985B2077",
            on_by_default=True,
            contact=0.6,
            names={
                "en": "Shutdown",
                "de": "Herunterfahren",
                "fr": "Arrêt",
                "ja": "シャットダウン",  # invented: no source found
                "ru": "Завершение работы",
                "zh": "关闭",  # invented: no source found
                "es": "Apagar",
                "it": "Arresto",
                "ko": "종료",  # invented: no source found
                "pt": "Desligar",
            },
        ),
        Component(
            "time_synchronization",
            "2497F4DE-E9FA-4204-80E4-4B75C46419C0",
            on_by_default=True,
            contact=0.7,
            names={
                "en": "Time Synchronization",
                "de": "Zeitsynchronisierung",
                "fr": "Synchronisation date/heure",
                "ja": "時刻の同期",  # invented: no source found
                "ru": "Синхронизация времени",
                "zh": "时间同步",  # invented: no source found
                "es": "Sincronización de hora",
                "it": "Sincronizzazione ora",
                "ko": "시간 동기화",  # invented: no source found
                "pt": "Sincronização de hora",
            },
        ),
        Component(
            "key_value_pair_exchange",
            "2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
            on_by_default=True,
            contact=0.8,
            names={
                "en": "Key-Value Pair Exchange",
                "de": "Austausch von Schlüsselwertepaaren",
                "fr": "Échange de paires clé-valeur",
                "ja": "キー値ペアの交換",  # invented: no source found
                "ru": 'Обмен парами "ключ-значение"',
                "zh": "键值对交换",
                "es": "Intercambio de pares clave-valor",
                "it": "Scambio coppie chiave-valore",
                "ko": "키-값 쌍 교환",  # invented: no source found
                "pt": "Troca de pares chave-valor",
            },
        ),
        Component(
            "vss",
            "5CED1297-4598-4915-A5FC-AD21BB4D02A4",
            on_by_default=True,
            contact=0.9,
            names=dict.fromkeys(CULTURES, "VSS"),
        ),
        Component(
            "guest_service_interface",
            "6C09BB55-D683-4DA0-8931-C9BF705F6480",
            on_by_default=False,
            contact=1.0,
            names={
                "en": "Guest Service Interface",
                "de": "Gastdienstschnittstelle",
                "fr": "Interface de services d'invité",
                "ja": "ゲスト サービス インターフェイス",
                "ru": "Интерфейс гостевой службы",
                "zh": "来宾服务接口",
                "es": "Interfaz de servicio de invitado",
                "it": "Interfaccia del servizio guest",
                "ko": "게스트 서비스 인터페이스",
                "pt": "Interface de serviço convidado",
            },
        ),
    )
}

BY_GUID = {component.guid: component for component in COMPONENTS.values()}


def by_id(component_id: str) -> Component | None:
    """The service of an `Id` (`Microsoft:<GUID>\\<component GUID>`), None for one that is none of them."""
    return BY_GUID.get(component_id.rpartition("\\")[2].upper())


def in_display_order(culture: str) -> list[Component]:
    """As the cmdlet lists them: by displayed name. Source: recorded English output; for others (inferred)."""
    return sorted(COMPONENTS.values(), key=lambda component: component.name(culture))


# Status texts. de, fr, es, it, pt of NoContact: from public monitoring scripts. All others but en: invented.
_STATUS_TEXTS: dict[int, dict[str, str]] = {
    2: {"ru": "ОК", "zh": "正常", "ko": "정상"},
    12: {
        "en": "No Contact",
        "de": "Kein Kontakt",
        "fr": "Aucun contact",
        "ja": "接続なし",
        "ru": "Нет контакта",
        "zh": "无联系",
        "es": "Sin contacto",
        "it": "Nessun contatto",
        "ko": "연결 없음",
        "pt": "Sem contato",
    },
    13: {
        "en": "Lost Communication",
        "de": "Kommunikation unterbrochen",
        "fr": "Communication perdue",
        "ja": "通信の切断",
        "ru": "Связь потеряна",
        "zh": "通信中断",
        "es": "Comunicación perdida",
        "it": "Comunicazione persa",
        "ko": "통신 끊김",
        "pt": "Comunicação perdida",
    },
    32775: {
        "en": "The protocol version of the component installed in the virtual machine does not match the version "
        "expected by the hosting system.",
        "de": "Die Protokollversion der im virtuellen Computer installierten Komponente entspricht nicht der vom "
        "Hostsystem erwarteten Version.",
    },
    3: {"en": "Degraded", "de": "Beeinträchtigt"},
    6: {"en": "Error", "de": "Fehler"},
    7: {"en": "Non-Recoverable Error", "de": "Nicht behebbarer Fehler"},
    15: {"en": "Paused", "de": "Angehalten"},
}


def status_text(status: int | None, culture: str) -> str:
    """What the host shows for an operational status; empty when there is none."""
    if status is None:
        return ""
    texts = _STATUS_TEXTS.get(status, {})
    return texts.get(language(culture)) or texts.get("en") or ("OK" if status == 2 else str(status))

{{/* The release's name for things; short enough for what is appended. */}}
{{- define "usher.name" -}}
{{- $name := ternary .Release.Name (printf "%s-usher" .Release.Name) (contains "usher" .Release.Name) -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* What selects the pods; never changes. */}}
{{- define "usher.selector" -}}
app.kubernetes.io/name: usher
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "usher.labels" -}}
{{ include "usher.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "usher.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "usher.name" .) -}}
{{- end }}

{{- define "usher.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end }}

{{/* A value as the environment writes it: lists with commas, whole numbers without a point. */}}
{{- define "usher.text" -}}
{{- if kindIs "slice" . -}}{{ join "," . }}
{{- else if kindIs "float64" . -}}{{ if eq (floor .) . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- else -}}{{ . }}{{- end -}}
{{- end }}

{{/* `http.public_url` as the environment names it. */}}
{{- define "usher.variable" -}}
{{- printf "USHER_%s" (. | replace "." "__" | upper) -}}
{{- end }}

{{/* Whether there is an authority of the mail relay: not empty. */}}
{{- define "usher.hasAuthority" -}}
{{- .Values.mailAuthority.existingConfigMap | default .Values.mailAuthority.existingSecret -}}
{{- end }}

{{- define "usher.check" -}}
{{- if not .Values.secrets.existingSecret -}}
{{- fail "secrets.existingSecret: name a secret with at least the database's and the mail relay's URL" -}}
{{- end -}}
{{- range list "database.url" "mail.url" -}}
{{- if not (hasKey $.Values.secrets.keys .) -}}
{{- fail (printf "secrets.keys: say which key of the secret holds %s" .) -}}
{{- end -}}
{{- end -}}
{{- if not (dig "http" "public_url" "" .Values.settings) -}}
{{- fail "settings.http.public_url: the address under which people reach Usher, as https://seats.example.org" -}}
{{- end -}}
{{- $authority := .Values.mailAuthority -}}
{{- if and $authority.existingConfigMap $authority.existingSecret -}}
{{- fail "mailAuthority: name a config map or a secret, not both" -}}
{{- end -}}
{{- if and (include "usher.hasAuthority" .) (dig "mail" "tls_ca_file" "" .Values.settings) -}}
{{- fail "settings.mail.tls_ca_file: is the chart's where mailAuthority is set" -}}
{{- end -}}
{{- if hasKey .Values.secrets.keys "mail.tls_ca_file" -}}
{{- fail "secrets.keys: mail.tls_ca_file is no secret; use mailAuthority" -}}
{{- end -}}
{{- range $section, $keys := .Values.settings -}}
{{- range $key, $_ := $keys -}}
{{- if hasKey $.Values.secrets.keys (printf "%s.%s" $section $key) -}}
{{- fail (printf "settings.%s.%s: is read from the secret already" $section $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What the node is told, in the pods and in the migration alike. */}}
{{- define "usher.env" -}}
{{- include "usher.check" . -}}
- name: USHER_HTTP__LISTEN
  value: 0.0.0.0:8080
- name: USHER_OPS__LISTEN
  value: 0.0.0.0:9464
- name: USHER_DATABASE__MIGRATE_ON_START
  value: "false"
{{- range $section, $keys := .Values.settings }}
{{- range $key, $value := $keys }}
{{- $name := printf "%s.%s" $section $key }}
{{- if has $name (list "http.listen" "ops.listen" "database.migrate_on_start") }}
{{- fail (printf "settings.%s: is the chart's" $name) }}
{{- end }}
- name: {{ include "usher.variable" $name }}
  value: {{ include "usher.text" $value | quote }}
{{- end }}
{{- end }}
{{- if include "usher.hasAuthority" . }}
- name: USHER_MAIL__TLS_CA_FILE
  value: /run/mail-authority/{{ .Values.mailAuthority.key }}
{{- end }}
{{- range $setting, $key := .Values.secrets.keys }}
- name: {{ include "usher.variable" $setting }}_FILE
  value: /run/secrets/usher/{{ $key }}
{{- end }}
{{- end }}

{{- define "usher.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "usher.podSecurityContext" -}}
{{- $fixed := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- merge $fixed .Values.podSecurityContext | toYaml -}}
{{- end }}

{{- define "usher.volumeMounts" -}}
- name: secrets
  mountPath: /run/secrets/usher
  readOnly: true
{{- if include "usher.hasAuthority" . }}
- name: mail-authority
  mountPath: /run/mail-authority
  readOnly: true
{{- end }}
{{- end }}

{{- define "usher.volumes" -}}
- name: secrets
  secret:
    secretName: {{ .Values.secrets.existingSecret }}
    defaultMode: 0444
    items:
      {{- range $_, $key := .Values.secrets.keys }}
      - key: {{ $key }}
        path: {{ $key }}
      {{- end }}
{{- with .Values.mailAuthority }}
{{- if .existingConfigMap }}
- name: mail-authority
  configMap:
    name: {{ .existingConfigMap }}
    defaultMode: 0444
    items:
      - key: {{ .key }}
        path: {{ .key }}
{{- else if .existingSecret }}
- name: mail-authority
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0444
    items:
      - key: {{ .key }}
        path: {{ .key }}
{{- end }}
{{- end }}
{{- end }}

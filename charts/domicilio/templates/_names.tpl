{{- /* What everything is called. Pods' names are instances' names, 48 characters at most:
       18, "-queue-resolver" or "-distribuidor", and what Kubernetes adds. */ -}}
{{- define "domicilio.name" -}}
{{- $name := default .Release.Name .Values.fullnameOverride -}}
{{- if gt (len $name) 18 -}}
{{- fail (printf "%s is longer than 18 characters: give the release another name, or set fullnameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "domicilio.selector" -}}
app.kubernetes.io/name: domicilio
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "domicilio.labels" -}}
{{ include "domicilio.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: domicilio
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "domicilio.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "domicilio.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "domicilio.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "domicilio.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- /* Who a program is to the bus. */ -}}
{{- define "domicilio.busUser" -}}
- name: NATS_USER
  value: {{ .user }}
- name: NATS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.bus.existingSecret }}
      key: {{ .user }}
{{- if .root.Values.bus.tls.caSecret }}
- name: NATS_CA
  value: /etc/domicilio/bus/{{ .root.Values.bus.tls.caKey }}
{{- end }}
{{- end -}}

{{- define "domicilio.busMount" -}}
{{- if .Values.bus.tls.caSecret -}}
- name: bus-authority
  mountPath: /etc/domicilio/bus
  readOnly: true
{{- end -}}
{{- end -}}

{{- define "domicilio.busVolume" -}}
{{- if .Values.bus.tls.caSecret -}}
- name: bus-authority
  secret:
    secretName: {{ .Values.bus.tls.caSecret }}
    items:
      - key: {{ .Values.bus.tls.caKey }}
        path: {{ .Values.bus.tls.caKey }}
{{- end -}}
{{- end -}}

{{- /* A pod's name is its instance's name. */ -}}
{{- define "domicilio.instance" -}}
- name: DOMICILIO_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end -}}

{{- define "domicilio.podAnnotations" -}}
checksum/settings: {{ include "domicilio.settings" .root | sha256sum }}
{{- with .own.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Not all on one node, and not all in one zone. */ -}}
{{- define "domicilio.placement" -}}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "domicilio.selector" $ | nindent 8 }}
  {{- end }}
{{- with .own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* What a service that has no HTTP of its own answers on DOMICILIO_PROBE_LISTEN. */ -}}
{{- define "domicilio.probes" -}}
ports:
  - name: probe
    containerPort: 8081
startupProbe:
  httpGet: {path: /livez, port: probe}
  periodSeconds: 1
  failureThreshold: 30
livenessProbe:
  httpGet: {path: /livez, port: probe}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: probe}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}
